"""nginx as a real peer, with a configuration of the test's."""

from tests.support.ports import closed_port
from tests.support.processes import Process, Workbench
from tests.support.waiting import wait_until

_FRAME = """
daemon off;
master_process off;
worker_processes 1;
pid {directory}/{name}.pid;
error_log {directory}/{name}.error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  default_type text/plain;
  client_body_temp_path {directory}/{name}.body;
  proxy_temp_path {directory}/{name}.proxy;
  fastcgi_temp_path {directory}/{name}.fastcgi;
  uwsgi_temp_path {directory}/{name}.uwsgi;
  scgi_temp_path {directory}/{name}.scgi;
  {http}
  server {{
    listen {address} {listen};
    {server}
  }}
}}
"""


class Nginx:
    """One nginx whose only server has these directives. nginx knows no port 0: a free one is looked for, and if somebody
    was faster, another."""

    def __init__(self, bench: Workbench, server: str, *, http: str = "", listen: str = "", name: str = "nginx"):
        """`listen`: what `listen` says besides, such as "ssl"."""
        self._configuration = bench.directory / f"{name}.conf"
        self._pid_file = bench.directory / f"{name}.pid"
        while True:
            self.address = closed_port()
            self._configuration.write_text(
                _FRAME.format(
                    directory=bench.directory, name=name, address=self.address, listen=listen, server=server, http=http
                )
            )
            command = ["/usr/sbin/nginx", "-p", str(bench.directory), "-c", str(self._configuration)]
            self.process: Process = bench.start(command, name)
            if wait_until(self._is_up_or_ended, f"{name} runs") and self.process.is_running():
                return
            assert self.process.wait_exit() and "Address already in use" in self.process.stderr(), "nginx failed"

    def _is_up_or_ended(self) -> bool:
        return self._pid_file.exists() or not self.process.is_running()
