rule record_config:
    output:
        config="<results>/config.json",
        provenance="<results>/config.provenance.json",
    log:
        "<results>/config.log",
    conda:
        "../envs/analysis.yaml"
    params:
        settings=BIND.settings("record_config"),
        source=BIND.source("record_config"),
        entries=BIND.entries("record_config"),
    script:
        "../scripts/record_config.py"


rule prepare_dataset:
    output:
        store=directory("<results>/datasets/{dataset}.zarr"),
        digest="<results>/datasets/{dataset}.digest.json",
        provenance="<results>/datasets/{dataset}.provenance.json",
    log:
        "<results>/datasets/{dataset}.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=BIND.memory("prepare_dataset"),
        runtime=BIND.minutes("prepare_dataset"),
    params:
        settings=BIND.settings("prepare_dataset"),
        source=BIND.source("prepare_dataset"),
        entries=BIND.entries("prepare_dataset"),
    script:
        "../scripts/prepare_dataset.py"
