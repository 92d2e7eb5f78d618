"""What every rule asks: the settings it reads, the source it runs, and what a job is expected to take."""

import os
import sys
from pathlib import Path

ROOT = Path(workflow.basedir)
sys.path.insert(0, str(ROOT / "src"))
# A job in an environment of its own (conda, a cluster node) finds the library here.
os.environ["PYTHONPATH"] = os.pathsep.join(
    filter(None, [str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
)

from widthscope.workflow.array_task import become_own_task
from widthscope.workflow.binding import Binding, open_plan

become_own_task()

PLAN = open_plan(config, workflow.overwrite_configfiles or ["config.yaml"], ROOT)
BIND = Binding(PLAN)
