"""Where a local cluster listens, and what its connections ask for."""

import shutil
import subprocess

import pytest

from hexcoder.config import SearchCluster
from hexcoder.errors import InputError
from hexcoder.studies.search.cluster import cluster_workers

pytestmark = pytest.mark.xdist_group("search")


def listening() -> set[str]:
    """Addresses on which some process of this machine listens, as /proc has them."""
    found = set()
    for table in ("tcp", "tcp6"):
        with open(f"/proc/net/{table}") as lines:
            rows = [line.split() for line in list(lines)[1:]]
        found |= {f"{table} {row[1]}" for row in rows if row[3] == "0A"}
    return found


def is_local(address: str) -> bool:
    host = address.split()[1].split(":")[0]
    return host in (
        "0100007F",
        "00000000000000000000000001000000",
        "0000000000000000FFFF00000100007F",
    )


def test_a_local_cluster_listens_on_this_machine_alone():
    before = listening()
    with cluster_workers("local", SearchCluster(), 1):
        opened = listening() - before
    assert opened
    assert all(is_local(address) for address in opened), opened


def test_with_certificates_all_connections_are_encrypted(tmp_path):
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-subj", "/CN=hexcoder", "-keyout", key, "-out", certificate]
    subprocess.run(command, check=True, capture_output=True)
    options = SearchCluster(
        tls_ca=str(certificate), tls_certificate=str(certificate), tls_key=str(key)
    )
    with cluster_workers("local", options, 1) as workers:
        client = workers._client  # pyright: ignore[reportAttributeAccessIssue]
        assert client.scheduler.address.startswith("tls://")
        assert client.submit(sum, [1, 2]).result() == 3


def test_certificates_go_together_and_are_there(tmp_path):
    with pytest.raises(ValueError, match="go together"):
        SearchCluster(tls_ca="ca.pem")
    options = SearchCluster(tls_ca="ca.pem", tls_certificate="c.pem", tls_key="k.pem")
    with (
        pytest.raises(InputError, match=r"ca\.pem: no such file"),
        cluster_workers("local", options, 1),
    ):
        pass


@pytest.mark.parametrize("key", ["queue", "account", "walltime", "memory", "interface"])
def test_what_goes_into_a_job_script_is_one_word(key):
    with pytest.raises(ValueError, match="one word"):
        SearchCluster.model_validate({key: "short\ntouch /tmp/x"})
