"""`submit.sh`: a job array in which each task takes its share of the folders, and passes those that are finished."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from paddlewheel.firstprinciples.program import Program

_MOST_TASKS = 1000
"""SLURM's MaxArraySize is 1001 where nobody raised it."""


def submit_script(program: Program, n_jobs: int) -> str:
    """The script; `frames.txt` beside it lists the folders.

    A task works through ``per_task`` lines of the list, so that no array is larger than schedulers take. Without a
    scheduler's index, all folders are worked through, one after the other.
    """
    per_task = -(-n_jobs // _MOST_TASKS)
    n_tasks = -(-n_jobs // per_task)
    return _SCRIPT.format(
        n_jobs=n_jobs, per_task=per_task, last=n_tasks - 1, title=program.title, variable=program.variable,
        command=program.command, functions=program.functions.strip(),
    )  # fmt: skip


_SCRIPT = """\
#!/usr/bin/env bash
#SBATCH --job-name=labels
#SBATCH --array=0-{last}
#SBATCH --nodes=1
#SBATCH --time=24:00:00
# Labels of {n_jobs} frames by {title}. Set nodes, time, account and partition for your machine, load {title}, and
#   sbatch submit.sh               from this folder; other schedulers: PBS_ARRAY_INDEX, or FRAMES_TASK=0...{last}
#   {variable}="srun {command}"    how {title} is started; without it {command}
# A task takes {per_task} of the folders in frames.txt. Finished ones are passed: submit again for what is missing, but
# never while it still runs.
set -u
here="$(dirname "$0")"
[ -f "$here/frames.txt" ] || here="${{SLURM_SUBMIT_DIR:-${{PBS_O_WORKDIR:-.}}}}"
cd "$here" || exit 2
[ -f frames.txt ] || {{ echo "$PWD holds no frames.txt: submit from the folder of submit.sh" >&2; exit 2; }}
export root="$PWD" command="${{{variable}:-{command}}}"
per_task={per_task}
task="${{FRAMES_TASK:-${{SLURM_ARRAY_TASK_ID:-${{PBS_ARRAY_INDEX:-}}}}}}"

{functions}

work() {{
    if finished; then
        return 0
    fi
    prepare || return 1
    calculate
    finished
}}

failed=0
while IFS= read -r folder <&3; do
    (cd "$folder" && work) </dev/null || {{
        echo "$folder: no whole output" >&2
        failed=1
    }}
done 3< <(if [ -n "$task" ]; then
    tail -n "+$((task * per_task + 1))" frames.txt | head -n "$per_task"
else
    cat frames.txt
fi)
exit "$failed"
"""
