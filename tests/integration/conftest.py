"""What several files of these tests share. A file that needs another proxy has a fixture of that name itself."""

from collections.abc import Callable, Iterator

import pytest

from tests.support import configs
from tests.support.fairlead import Fairlead
from tests.support.fairleadctl import Outcome, fairleadctl
from tests.support.processes import Workbench
from tests.support.recording_origin import RecordingOrigin


@pytest.fixture(scope="module")
def proxy(io: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fairlead]:
    """One empty proxy for all tests of a file: what one of them leaves behind is another's to find. A single worker, one
    pool."""
    bench = Workbench(tmp_path_factory.mktemp("proxy"))
    yield Fairlead(bench, io, workers=1)
    assert not bench.close()


@pytest.fixture
def recorder(proxy: Fairlead) -> Iterator[RecordingOrigin]:
    """The proxy's only server, of one test."""
    with RecordingOrigin() as origin:
        with proxy.connect() as control:
            control.replace(configs.site({"id": "recorder", "address": origin.address}))
        yield origin
        assert not origin.errors


@pytest.fixture
def ctl(proxy: Fairlead) -> Callable[..., Outcome]:
    """ctl("get", "servers", …): the operator's tool, at that proxy."""
    return lambda *arguments, **options: fairleadctl(proxy.control, *arguments, **options)
