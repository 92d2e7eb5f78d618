rule fit_limits:
    input:
        digests=BIND.digests("fit_limits"),
        stores=ancient(BIND.stores("fit_limits")),
    output:
        store=directory("<results>/{study}/fit.zarr"),
        digest="<results>/{study}/fit.digest.json",
        provenance="<results>/{study}/fit.provenance.json",
    log:
        "<results>/{study}/fit.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=BIND.memory("fit_limits"),
        runtime=BIND.minutes("fit_limits"),
    params:
        settings=BIND.settings("fit_limits"),
        source=BIND.source("fit_limits"),
        entries=BIND.entries("fit_limits"),
    script:
        "../scripts/fit_limits.py"


rule judge_claims:
    input:
        digest="<results>/{study}/fit.digest.json",
        store=ancient("<results>/{study}/fit.zarr"),
    output:
        claims="<results>/{study}/claims.json",
        provenance="<results>/{study}/claims.provenance.json",
    log:
        "<results>/{study}/claims.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=BIND.memory("judge_claims"),
        runtime=BIND.minutes("judge_claims"),
    params:
        settings=BIND.settings("judge_claims"),
        source=BIND.source("judge_claims"),
        entries=BIND.entries("judge_claims"),
    script:
        "../scripts/judge_claims.py"
