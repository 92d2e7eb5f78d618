"""widthscope: data -> width sweep -> fit -> verdicts and figures -> one report.

snakemake --cores all              every study of config.yaml, and the report
snakemake --cores all limit_law    one study, judged and drawn
"""

from snakemake.utils import min_version

min_version("9.20")


if not workflow.overwrite_configfiles:

    configfile: "config.yaml"


include: "rules/common.smk"


pathvars:
    results=PLAN.results,


report: "report/workflow.rst"


wildcard_constraints:
    study="[a-z0-9_]+",
    dataset="[a-z0-9_]+",
    shard="[A-Za-z0-9_.-]+",


localrules:
    all,
    record_config,


rule all:
    default_target: True
    input:
        PLAN.report,


include: "rules/data.smk"
include: "rules/sweep.smk"
include: "rules/fit.smk"
include: "rules/report.smk"
