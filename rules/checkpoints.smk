rule analyse_checkpoint:
    output:
        store=directory("<results>/checkpoints/{checkpoint}.zarr"),
        digest="<results>/checkpoints/{checkpoint}.digest.json",
        provenance="<results>/checkpoints/{checkpoint}.provenance.json",
    log:
        "<results>/checkpoints/{checkpoint}.log",
    conda:
        "../envs/torch.yaml"
    resources:
        mem_mb=BIND.memory("analyse_checkpoint"),
        runtime=BIND.minutes("analyse_checkpoint"),
    params:
        settings=BIND.settings("analyse_checkpoint"),
        source=BIND.source("analyse_checkpoint"),
        entries=BIND.entries("analyse_checkpoint"),
    script:
        "../scripts/analyse_checkpoint.py"


rule draw_checkpoint:
    input:
        digest="<results>/checkpoints/{checkpoint}.digest.json",
        store=ancient("<results>/checkpoints/{checkpoint}.zarr"),
    output:
        figures=report(
            directory("<results>/checkpoints/{checkpoint}.figures"),
            patterns=["{name}.svg"],
            caption="../report/figures.rst",
            category="{checkpoint}",
            labels={"figure": "{name}"},
        ),
        index="<results>/checkpoints/{checkpoint}.figures.json",
        provenance="<results>/checkpoints/{checkpoint}.figures.provenance.json",
    log:
        "<results>/checkpoints/{checkpoint}.figures.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=BIND.memory("draw_checkpoint"),
        runtime=BIND.minutes("draw_checkpoint"),
    params:
        settings=BIND.settings("draw_checkpoint"),
        source=BIND.source("draw_checkpoint"),
        entries=BIND.entries("draw_checkpoint"),
    script:
        "../scripts/draw_checkpoint.py"
