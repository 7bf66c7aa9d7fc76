"""Where trials run: jobs of a batch system, or a Dask scheduler that runs already.

Dask's workers and this process share the folder of the search, so it has to be on a file system
that all of them see. The job's worker runs one trial at a time, on all of the job's cores.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from hexcoder.config import SearchCluster
from hexcoder.errors import InputError
from hexcoder.studies.processes import cores
from hexcoder.studies.search.trial import Task, TrialResult, run_trial
from hexcoder.studies.search.workers import Workers

if TYPE_CHECKING:
    from distributed import Client
    from distributed.deploy.spec import SpecCluster
    from distributed.security import Security

KINDS = ("local", "slurm", "htcondor")


@contextmanager
def cluster_workers(kind: str, options: SearchCluster, jobs: int) -> Iterator[Workers]:
    """Run trials by Dask, in ``jobs`` processes where the cluster is a local one.

    ``kind`` is one of :data:`KINDS`, or the address of a scheduler, such as ``tcp://host:8786``.
    InputError if a package is missing, or there is no such kind or scheduler.
    """
    try:
        from distributed import Client
    except ImportError:
        raise _missing("distributed") from None
    if "://" in kind:
        try:
            client = Client(kind, timeout=20, security=_security(options))
        except (OSError, ValueError) as error:
            raise InputError(f"--cluster = {kind}: no scheduler answers: {error}") from None
        with client:
            yield _ClusterWorkers(client, options.threads, None)
        return
    threads = max(1, cores() // jobs) if kind == "local" else options.threads
    count = jobs if kind == "local" else options.workers
    with _cluster(kind, options, jobs) as cluster:
        if kind != "local":
            cluster.scale(jobs=count)
        with Client(cluster, security=_security(options)) as client:
            yield _ClusterWorkers(client, threads, count)


def job_script(kind: str, options: SearchCluster) -> str:
    """Write the script that a batch system gets for each job; a local cluster has none."""
    if kind not in ("slurm", "htcondor"):
        raise InputError(f"--cluster = {kind}: only slurm and htcondor have a job script")
    with _cluster(kind, options, 1) as cluster:
        return cluster.job_script()


def _cluster(kind: str, options: SearchCluster, jobs: int) -> SpecCluster:
    if kind == "local":
        from distributed import LocalCluster

        # Workers answer HTTP too, and on all interfaces where they are told nothing.
        return LocalCluster(
            n_workers=jobs,
            threads_per_worker=1,
            host="localhost",
            dashboard_address=options.dashboard,
            worker_dashboard_address="localhost:0",
            security=_security(options),
        )
    if kind not in KINDS:
        raise InputError(
            f"--cluster = {kind}: valid are {', '.join(KINDS)} and an address such as "
            "tcp://host:8786"
        )
    try:
        from dask_jobqueue.htcondor import HTCondorCluster
        from dask_jobqueue.slurm import SLURMCluster
    except ImportError:
        raise _missing("dask-jobqueue") from None
    if kind == "slurm":
        batch_system = partial(
            SLURMCluster,
            walltime=options.walltime,
            queue=options.queue,
            account=options.account,
            job_extra_directives=list(options.directives),
        )
    else:
        directives = _pairs(options.directives)
        batch_system = partial(HTCondorCluster, disk=options.disk, job_extra_directives=directives)
    return batch_system(
        cores=options.threads,
        processes=1,
        memory=options.memory,
        # The later option counts: one trial at a time, which has all cores.
        worker_extra_args=["--nthreads", "1"],
        job_script_prologue=list(options.setup),
        job_name="hexcoder-search",
        interface=options.interface,
        security=_security(options),
        scheduler_options={"dashboard_address": options.dashboard},
    )


def _security(options: SearchCluster) -> Security | None:
    """TLS on both ends of every connection, where the config has the files for it."""
    if options.tls_ca is None:
        return None
    from distributed.security import Security

    for file in (options.tls_ca, options.tls_certificate, options.tls_key):
        if not Path(file or "").is_file():
            raise InputError(f"search.cluster: {file}: no such file; TLS needs PEM files")
    files = {
        f"tls_{end}_{kind}": file
        for end in ("client", "scheduler", "worker")
        for kind, file in (("cert", options.tls_certificate), ("key", options.tls_key))
    }
    return Security(tls_ca_file=options.tls_ca, require_encryption=True, **files)


def _pairs(directives: tuple[str, ...]) -> dict[str, str]:
    """HTCondor's directives, ``+JobFlavour = "tomorrow"``, by name."""
    pairs = {}
    for directive in directives:
        name, equals, value = directive.partition("=")
        if not equals:
            raise InputError(
                f"search.cluster.directives: '{directive}' is no line of a submit file; write "
                "NAME = VALUE"
            )
        pairs[name.strip()] = value.strip()
    return pairs


def _missing(package: str) -> InputError:
    return InputError(
        f"--cluster needs the package {package}, which is not installed; install it with: "
        "pip install 'hexcoder[cluster]', or in a checkout: .venv/bin/pip install -e '.[cluster]'"
    )


class _ClusterWorkers(Workers):
    def __init__(self, client: Client, threads: int, count: int | None):
        super().__init__(threads)
        self._client, self._count = client, count
        self._executor = client.get_executor(pure=False)

    @property
    def places(self) -> int:
        # A scheduler that runs already says how many workers it has.
        return self._count or max(1, len(self._client.scheduler_info(n_workers=-1)["workers"]))

    def _start(self, task: Task) -> Future[TrialResult]:
        return self._executor.submit(run_trial, task)

    def _result(self, future: Future[TrialResult]) -> TrialResult:
        from distributed.scheduler import KilledWorker

        try:
            return future.result()
        except KilledWorker as error:
            # Dask has tried a job that dies several times.
            return TrialResult(failed=f"its job died: {error}".splitlines()[0])
