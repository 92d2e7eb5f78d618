rule draw_figures:
    input:
        digest="<results>/{study}/fit.digest.json",
        store=ancient("<results>/{study}/fit.zarr"),
    output:
        figures=report(
            directory("<results>/{study}/figures"),
            patterns=["{name}.svg"],
            caption="../report/figures.rst",
            category="{study}",
            labels={"figure": "{name}"},
        ),
        index="<results>/{study}/figures.json",
        provenance="<results>/{study}/figures.provenance.json",
    log:
        "<results>/{study}/figures.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=BIND.memory("draw_figures"),
        runtime=BIND.minutes("draw_figures"),
    params:
        settings=BIND.settings("draw_figures"),
        source=BIND.source("draw_figures"),
        entries=BIND.entries("draw_figures"),
    script:
        "../scripts/draw_figures.py"


rule build_report:
    input:
        config="<results>/config.json",
        claims=expand("<results>/{study}/claims.json", study=PLAN.shards),
        figures=expand("<results>/{study}/figures.json", study=PLAN.shards),
        drawings=ancient(expand("<results>/{study}/figures", study=PLAN.shards)),
        checkpoints=expand(
            "<results>/checkpoints/{name}.digest.json", name=PLAN.checkpoints
        ),
        checkpoint_figures=expand(
            "<results>/checkpoints/{name}.figures.json", name=PLAN.checkpoints
        ),
        checkpoint_stores=ancient(
            expand("<results>/checkpoints/{name}.zarr", name=PLAN.checkpoints)
        ),
        checkpoint_drawings=ancient(
            expand("<results>/checkpoints/{name}.figures", name=PLAN.checkpoints)
        ),
        provenance=ancient(PLAN.provenances),
    output:
        page=report(
            "<results>/report/index.html",
            caption="../report/page.rst",
            category="The page",
            labels={"figure": "every claim, judged"},
        ),
        claims="<results>/claims.json",
        provenance="<results>/report/index.provenance.json",
    log:
        "<results>/report/index.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=BIND.memory("build_report"),
        runtime=BIND.minutes("build_report"),
    params:
        settings=BIND.settings("build_report"),
        source=BIND.source("build_report"),
        entries=BIND.entries("build_report"),
        files=BIND.files("build_report"),
    script:
        "../scripts/build_report.py"


for study in PLAN.shards:

    rule:
        name:
            study
        input:
            PLAN.target(study),
        localrule: True
