"""What is done again after a change: exactly what the change touches."""

import json
import re
import shutil
from pathlib import Path

import yaml
from tests.checkout import SMOKE, Checkout, fresh_checkout

AFTER_FIT = {"judge_claims", "draw_figures", "build_report"}
AFTER_SWEEP = {"fit_limits"} | AFTER_FIT
STUDY = "src/widthscope/studies/limit_law"
TRAINING = "src/widthscope/studies/qk_spectrum/training"


def test_comments_docstrings_and_formatting_do_nothing(disturbed: Checkout) -> None:
    disturbed.append(f"{STUDY}/scores/fit.py", "\n# A thought, and a blank line.\n\n")
    disturbed.edit("src/widthscope/statistics/intervals.py", '"""', '"""Said otherwise. ')
    disturbed.append("scripts/sweep_widths.py", "# at the end\n")
    assert disturbed.scheduled() == set()


def test_a_figure_module_redraws_figures_and_report(disturbed: Checkout) -> None:
    disturbed.append(f"{STUDY}/convergence/figures.py", "\nWIDER = 1\n")
    assert disturbed.scheduled() == {"draw_figures", "build_report"}


def test_the_style_of_figures_redraws_them(disturbed: Checkout) -> None:
    disturbed.append("src/widthscope/palette.py", "\nNEW_COLOUR = '#123456'\n")
    assert disturbed.scheduled() == {"draw_figures", "build_report"}


def test_a_shared_statistics_helper_refits_and_samples_nothing(disturbed: Checkout) -> None:
    disturbed.append("src/widthscope/statistics/power_laws.py", "\nEDITED = 1\n")
    assert disturbed.scheduled() == AFTER_SWEEP


def test_a_rule_of_judgement_judges_again_and_fits_nothing(disturbed: Checkout) -> None:
    disturbed.append("src/widthscope/statistics/rules.py", "\nEDITED = 1\n")
    assert disturbed.scheduled() == {"judge_claims", "build_report"}


def test_a_template_rebuilds_the_page(disturbed: Checkout) -> None:
    disturbed.append("report/style.css", "\n.new { color: red }\n")
    assert disturbed.scheduled() == {"build_report"}


def test_figures_that_are_gone_are_drawn_again_for_the_page(disturbed: Checkout) -> None:
    shutil.rmtree(disturbed.root / "results/smoke/limit_law/figures")
    disturbed.append("report/style.css", "\n.new { color: red }\n")
    assert disturbed.scheduled() == {"draw_figures", "build_report"}


def test_a_setting_redoes_what_reads_it(disturbed: Checkout) -> None:
    disturbed.edit("tests/config.smoke.yaml", "seeds: 4", "seeds: 5")
    scheduled = disturbed.scheduled()
    sweeps = {job for job in scheduled if job.startswith("sweep_widths")}
    assert sweeps == {"sweep_widths:convergence-paper-kl"}
    assert scheduled - sweeps == AFTER_SWEEP | {"record_config"}


def test_the_seed_redoes_every_sweep(disturbed: Checkout) -> None:
    disturbed.edit("tests/config.smoke.yaml", "seed: 0", "seed: 1")
    sweeps = {
        path.name.split(".")[0] for path in (disturbed.root / "results/smoke/limit_law/sweep").glob("*.zarr")
    }
    assert {f"sweep_widths:{name}" for name in sweeps} <= disturbed.scheduled()


def test_the_code_of_the_spectra_trains_nothing(disturbed: Checkout) -> None:
    disturbed.append(f"{TRAINING}/spectra.py", "\nEDITED = 1\n")
    assert disturbed.scheduled() == {"analyse_spectra:training-w16"} | AFTER_SWEEP


def test_the_training_loop_trains_again_all_that_is_trained_and_nothing_else(disturbed: Checkout) -> None:
    disturbed.append("src/widthscope/ensembles/training.py", "\nEDITED = 1\n")
    alone = (
        *("locater", "zero-init", "damping", "coordinates", "transfer", "features", "targets"),
        *("mixtures", "memorisation", "denoise", "trained-energy", "accuracy", "breaking"),
        *("sparsity", "width"),
        *("label-noise", "stability", "flatness", "diagonal", "flooding"),
        *("harmful", "dense", "flips", "maps"),
    )
    trained = {f"sweep_widths:{shard}" for shard in alone} | {
        f"{rule}:{shard}"
        for rule in ("sweep_widths", "analyse_spectra")
        for shard in ("training-w16", "digits", "sudoku", "one-shot-l2-h2-g4-w16-from0", "similarity")
    }
    assert disturbed.scheduled() == trained | AFTER_SWEEP


def test_another_width_trains_that_width_alone(disturbed: Checkout) -> None:
    disturbed.edit("tests/config.smoke.yaml", "training: { widths: [16]", "training: { widths: [16, 32]")
    added = {"sweep_widths:training-w32", "analyse_spectra:training-w32"}
    assert disturbed.scheduled() == added | AFTER_SWEEP | {"record_config"}


def test_the_same_content_stops_a_later_cascade(disturbed: Checkout) -> None:
    fit = "results/smoke/limit_law/fit.digest.json"
    before = (disturbed.root / fit).read_bytes()
    disturbed.append(f"{STUDY}/scores/gaussian_fit.py", "\nEDITED = 1\n")
    only_fit = disturbed.snakemake(fit, "--quiet", "all")
    assert only_fit.returncode == 0, only_fit.stderr
    assert (disturbed.root / fit).read_bytes() == before
    assert disturbed.scheduled() == set()


def plans_smoke(plan: Path) -> bool:
    return bool(json.loads(plan.read_text())["config"]["run"] == "smoke")


def test_a_job_refuses_source_that_was_not_planned(disturbed: Checkout) -> None:
    """As on a cluster, where the edit comes while the job waits in the queue."""
    planned = disturbed.root / ".widthscope_cache/planned.json"
    plans = (disturbed.root / ".widthscope_cache/plans").glob("*.json")
    # Other tests of the smoke run leave plans of other configurations.
    shutil.copy(next(plan for plan in plans if plans_smoke(plan)), planned)
    disturbed.append(f"{STUDY}/scores/fit.py", "\nEDITED = 1\n")
    job = disturbed.command(
        *(
            "env",
            f"WIDTHSCOPE_PLAN={planned}",
            "snakemake",
            *SMOKE,
            "--forcerun",
            "fit_limits",
            "--",
        ),
        "results/smoke/limit_law/fit.digest.json",
    )
    assert job.returncode != 0
    assert "has changed" in job.stderr
    assert "widthscope.studies.limit_law.scores.fit" in job.stderr
    assert not (disturbed.root / "results/smoke/limit_law/fit.digest.json").exists()


def test_explain_names_the_module_and_the_function(disturbed: Checkout) -> None:
    product = "results/smoke/limit_law/fit.digest.json"
    assert "up to date" in disturbed.widthscope("explain", product).stdout
    disturbed.append("src/widthscope/statistics/power_laws.py", "\ndef a_new_helper():\n    return 1\n")
    told = disturbed.widthscope("explain", product).stdout
    assert "widthscope.statistics.power_laws" in told
    assert "a_new_helper" in told


def test_a_new_study_runs_at_once(tmp_path: Path) -> None:
    there = fresh_checkout(tmp_path / "new")
    made = there.widthscope("new-study", "central_limit")
    assert made.returncode == 0, made.stderr
    config = there.root / "config.yaml"
    listed = config.read_text()
    config.write_text(re.sub(r"(?m)^  (?!central_limit)\w+: \{\}\n", "", listed))
    assert yaml.safe_load(config.read_text())["studies"] == {"central_limit": {}}
    done = there.command("snakemake", "--cores", "2", "--quiet", "all")
    assert done.returncode == 0, done.stdout + done.stderr
    claims = json.loads((there.root / "results/laptop/claims.json").read_text())
    assert claims
    assert {claim["study"] for claim in claims} == {"central_limit"}
    assert all(claim["control"]["rejected"] for claim in claims if claim["verdict"] != "reported")
