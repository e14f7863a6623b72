"""Descriptors for tests with thousands of connections, in this process and in those that it starts."""

import resource


def allow_descriptors(count: int) -> None:
    """Lets this process, and what it starts from now on, have at least so many open at once."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < count:
        assert hard == resource.RLIM_INFINITY or hard >= count, f"this system allows {hard} descriptors, not {count}"
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))
