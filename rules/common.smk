"""What every rule asks: the settings it reads, the source it runs, and what a job is expected to take."""

import sys
from pathlib import Path

ROOT = Path(workflow.basedir)
sys.path.insert(0, str(ROOT / "src"))

from widthscope.workflow.array_task import become_own_task
from widthscope.workflow.binding import Binding, open_plan, share_library

become_own_task()
share_library(ROOT / "src")

PLAN = open_plan(config, workflow.overwrite_configfiles or ["config.yaml"], ROOT)
BIND = Binding(PLAN)
