"""Downloads over a real connection: whole, cut off, altered, refused, or without a network at all."""

import hashlib
import socket
import threading
from pathlib import Path

import pytest
from tests.datasets.file_server import FileServer

from widthscope.datasets import catalogue, download
from widthscope.datasets.catalogue import Archive
from widthscope.datasets.settings import Download
from widthscope.errors import DataError

CONTENT = bytes(range(256)) * 40
NAME = "small.tar.gz"


def archive(url: str, content: bytes = CONTENT, **fields: object) -> Archive:
    checksums = {"sha256": hashlib.sha256(content).hexdigest(), "md5": hashlib.md5(content).hexdigest()}
    return Archive(**{"name": NAME, "url": url, "checksums": checksums, **fields})


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "CHUNK", 1000)
    monkeypatch.setattr(download.time, "sleep", lambda seconds: None)


@pytest.fixture
def served(server: FileServer) -> FileServer:
    server.content = CONTENT
    return server


def refusal(archive: Archive, folder: Path) -> str:
    with pytest.raises(DataError) as caught:
        download.fetch(archive, folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_good_file_is_kept_and_not_asked_for_again(served: FileServer, tmp_path: Path) -> None:
    wanted = archive(served.url(NAME))
    path = download.fetch(wanted, tmp_path / "downloads")
    assert path == tmp_path / "downloads" / NAME
    assert path.read_bytes() == CONTENT
    assert not list(path.parent.glob("*.part"))
    assert download.fetch(wanted, tmp_path / "downloads") == path
    assert served.asked == [None]
    assert served.agents == [download.AGENT]


def test_a_download_shows_its_progress(
    served: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("widthscope.progress.SECONDS_BETWEEN_LINES", 0)
    served.cut = [3000]
    download.fetch(archive(served.url(NAME)), tmp_path)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith(f"{NAME} (MiB): 1/11, 9 %")
    assert lines[-1].startswith(f"{NAME} (MiB): 8 done in ")  # what was left after the cut


@pytest.mark.parametrize("kind", ["sha256", "md5"])
def test_a_file_that_differs_is_thrown_away(served: FileServer, tmp_path: Path, kind: str) -> None:
    served.content = CONTENT[:-1] + b"\0"
    right = hashlib.new(kind, CONTENT).hexdigest()
    found = hashlib.new(kind, served.content).hexdigest()
    said = refusal(archive(served.url(NAME), checksums={kind: right}), tmp_path)
    assert said == (
        f"what {served.url(NAME)} sent is not {NAME}: its {kind} is {found}, but must be {right}; "
        "it was thrown away"
    )
    assert [path.name for path in tmp_path.iterdir()] == [f".{NAME}.lock"]


def test_every_checksum_counts(served: FileServer, tmp_path: Path) -> None:
    checksums = {"sha256": hashlib.sha256(CONTENT).hexdigest(), "md5": "0" * 32}
    assert "its md5 is" in refusal(archive(served.url(NAME), checksums=checksums), tmp_path)


def test_a_checksum_may_be_in_capitals(served: FileServer, tmp_path: Path) -> None:
    checksums = {"sha256": hashlib.sha256(CONTENT).hexdigest().upper()}
    assert download.fetch(archive(served.url(NAME), checksums=checksums), tmp_path).exists()


def test_a_download_that_is_cut_off_is_resumed(served: FileServer, tmp_path: Path) -> None:
    served.cut = [3500, 2000]
    path = download.fetch(archive(served.url(NAME)), tmp_path)
    assert path.read_bytes() == CONTENT
    assert served.asked == [None, "bytes=3500-", "bytes=5500-"]


def test_a_server_without_ranges_starts_over(served: FileServer, tmp_path: Path) -> None:
    served.ranges = False
    served.cut = [3500]
    assert download.fetch(archive(served.url(NAME)), tmp_path).read_bytes() == CONTENT
    assert served.asked == [None, "bytes=3500-"]


def test_a_part_of_an_earlier_run_is_used(served: FileServer, tmp_path: Path) -> None:
    (tmp_path / f"{NAME}.part").write_bytes(CONTENT[:4000])
    assert download.fetch(archive(served.url(NAME)), tmp_path).read_bytes() == CONTENT
    assert served.asked == ["bytes=4000-"]


@pytest.mark.parametrize("part", [b"\0" * 4000, CONTENT, CONTENT + b"more"])
def test_a_part_that_does_not_fit_is_fetched_afresh(served: FileServer, tmp_path: Path, part: bytes) -> None:
    (tmp_path / f"{NAME}.part").write_bytes(part)
    assert download.fetch(archive(served.url(NAME)), tmp_path).read_bytes() == CONTENT
    assert served.asked[-1] is None


def test_a_file_that_never_comes_whole_is_not_used(served: FileServer, tmp_path: Path) -> None:
    served.cut = [3000, 10, 10, 10]
    wanted = archive(served.url(NAME))
    said = refusal(wanted, tmp_path)
    assert said == (
        f"{served.url(NAME)} cannot be downloaded (it stopped after 3030 bytes); "
        f"on a machine with a network fetch that file, and put it at {tmp_path / NAME} "
        f"(md5 {wanted.checksums['md5']}, sha256 {wanted.checksums['sha256']})"
    )
    assert not (tmp_path / NAME).exists()
    assert (tmp_path / f"{NAME}.part").stat().st_size == 3030
    assert download.fetch(wanted, tmp_path).read_bytes() == CONTENT


def test_without_a_network_it_says_what_to_fetch_and_where_to_put_it(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    wanted = archive(f"http://127.0.0.1:{port}/{NAME}")
    said = refusal(wanted, tmp_path)
    assert said.startswith(f"{wanted.url} cannot be downloaded (")
    assert "refused" in said
    assert f"put it at {tmp_path / NAME} (md5 {wanted.checksums['md5']}, sha256" in said


def test_an_unknown_host_is_no_network(tmp_path: Path) -> None:
    assert "cannot be downloaded (" in refusal(archive(f"http://no-such-host.invalid/{NAME}"), tmp_path)


@pytest.mark.parametrize(("status", "asked"), [(404, 1), (403, 1), (503, 4)])
def test_a_server_that_refuses_is_asked_again_only_if_it_may_recover(
    served: FileServer, tmp_path: Path, status: int, asked: int
) -> None:
    served.status = status
    (tmp_path / f"{NAME}.part").write_bytes(CONTENT[:10])
    assert f"the server answers {status}" in refusal(archive(served.url(NAME)), tmp_path)
    assert len(served.asked) == asked


def test_a_file_put_there_by_hand_is_checked(tmp_path: Path) -> None:
    wanted = archive("http://127.0.0.1:1/none")
    (tmp_path / NAME).write_bytes(CONTENT)
    assert download.fetch(wanted, tmp_path) == tmp_path / NAME
    (tmp_path / NAME).write_bytes(CONTENT[:-1])
    said = refusal(wanted, tmp_path)
    assert said.startswith(f"{tmp_path / NAME} is not the published file: its md5 is ")
    assert said.endswith("; delete it, and it is fetched again")
    assert (tmp_path / NAME).exists()


def test_two_jobs_download_once(served: FileServer, tmp_path: Path) -> None:
    entered = threading.Event()
    proceed = threading.Event()

    def wait() -> None:
        entered.set()
        proceed.wait(10)

    served.before = wait
    wanted = archive(served.url(NAME))
    paths: list[Path] = []
    jobs = [threading.Thread(target=lambda: paths.append(download.fetch(wanted, tmp_path))) for _ in range(2)]
    jobs[0].start()
    assert entered.wait(10)
    jobs[1].start()
    proceed.set()
    for job in jobs:
        job.join(10)
    assert paths == [tmp_path / NAME] * 2
    assert served.asked == [None]


@pytest.mark.parametrize("url", ["file:///etc/hostname", "ftp://127.0.0.1/a"])
def test_only_web_addresses_are_opened(tmp_path: Path, url: str) -> None:
    assert "is not an address that starts with http:// or https://" in refusal(archive(url), tmp_path)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "downloads").write_text("a file where the folder should be")
    said = refusal(archive("http://127.0.0.1:1/none"), tmp_path / "downloads")
    assert said.startswith(f"{NAME} cannot be kept in {tmp_path / 'downloads'}: ")


def test_a_full_disk_is_named(served: FileServer, tmp_path: Path) -> None:
    (tmp_path / f"{NAME}.part").symlink_to("/dev/full")
    said = refusal(archive(served.url(NAME)), tmp_path)
    assert said == f"{NAME} cannot be kept in {tmp_path}: No space left on device"


class TestArchiveOf:
    def test_settings_may_name_a_mirror(self) -> None:
        card = catalogue.card("cifar10")
        mirrored = download.archive_of(card, Download(url="https://mirror.example.org/c.tar.gz"))
        assert mirrored.url == "https://mirror.example.org/c.tar.gz"
        assert mirrored.checksums == card.archives[0].checksums

    def test_a_checksum_in_the_settings_replaces_those_of_the_card(self) -> None:
        given = download.archive_of(catalogue.card("cifar10"), Download(sha256="0" * 64))
        assert given.checksums == {"sha256": "0" * 64}
        assert given.size is None

    def test_without_any_checksum_nothing_is_fetched(self) -> None:
        card = catalogue.Card(
            "cifar10", "", "", "", "", "", "", archives=(Archive("a.zip", "https://example.org/a.zip"),)
        )
        with pytest.raises(DataError, match=r"no checksum of a\.zip is known.*set datasets\.cifar10\.sha256"):
            download.archive_of(card, Download())
        assert download.archive_of(card, Download(sha256="0" * 64)).checksums

    def test_of_several_archives_each_has_settings_of_its_own(self) -> None:
        card = catalogue.card("omniglot")
        for archive in card.archives:
            given = download.archive_of(card, Download(url="https://mirror.example.org/o.zip"), archive.part)
            assert given.checksums == archive.checksums
            assert given.name == archive.name
        with pytest.raises(DataError, match=r"'omniglot' is not read from an archive$"):
            download.archive_of(card, Download())
        bare = Archive("a.zip", "https://example.org/a.zip", part="evaluation")
        card = catalogue.Card("omniglot", "", "", "", "", "", "", archives=(bare,))
        with pytest.raises(DataError, match=r"set datasets\.omniglot\.evaluation\.sha256 to one"):
            download.archive_of(card, Download(), "evaluation")

    def test_a_generated_dataset_has_no_archive(self) -> None:
        with pytest.raises(DataError, match="not read from an archive"):
            download.archive_of(catalogue.card("gaussian"), Download())
