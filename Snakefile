"""widthscope: data -> width sweep (-> spectra) -> fit -> verdicts and figures -> one report.

snakemake --cores all              every study of config.yaml, and the report
snakemake --cores all limit_law    one study, judged and drawn
"""

import re

from snakemake.utils import min_version

min_version("9.20")


if not workflow.overwrite_configfiles:

    configfile: "config.yaml"


include: "rules/common.smk"


pathvars:
    results=PLAN.results,


report: "report/workflow.rst"


wildcard_constraints:
    study="(?!checkpoints\\b)[a-z0-9_]+",
    dataset="[a-z0-9_]+",
    shard="[A-Za-z0-9_.-]+",
    checkpoint="|".join(map(re.escape, PLAN.checkpoints)) or "none",


localrules:
    all,
    record_config,


rule all:
    default_target: True
    input:
        PLAN.report,


include: "rules/data.smk"
include: "rules/sweep.smk"
include: "rules/spectra.smk"
include: "rules/fit.smk"
include: "rules/checkpoints.smk"
include: "rules/report.smk"
