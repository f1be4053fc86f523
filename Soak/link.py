"""A link of its own between server and some clients, whose cable can be pulled: they vanish without a word."""
import ctypes
import os
import random
import socket
import subprocess
import threading

CLONE_NEWNET = 0x40000000  # linux/sched.h


def run(command):
    subprocess.run(command.split(), check=True, capture_output=True, text=True)


class Link:
    """A pair of virtual interfaces: the server's end stays here, the clients' end is in a network namespace."""

    def __init__(self):
        name = f"soak{os.getpid()}"
        net = f"10.213.{random.SystemRandom().randrange(256)}"
        self.namespace, self.end, self.address = name, f"{name}c"[-15:], f"{net}.1"
        server_end = f"{name}s"[-15:]
        run(f"ip netns add {name}")
        try:
            run(f"ip link add {server_end} type veth peer name {self.end} netns {name}")
            run(f"ip addr add {self.address}/30 dev {server_end}")
            run(f"ip link set {server_end} up")
            run(f"ip -n {name} addr add {net}.2/30 dev {self.end}")
            self.set("up")
        except BaseException:
            self.remove()
            raise

    @classmethod
    def make(cls):
        """None where this process may not."""
        try:
            return cls()
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"skipped: a cable that is pulled, since there is no link: {getattr(error, 'stderr', None) or error}")
            return None

    def set(self, state):
        run(f"ip -n {self.namespace} link set {self.end} {state}")

    def remove(self):
        run(f"ip netns del {self.namespace}")  # The interfaces go with it.

    def socket(self):
        """A socket stays in the namespace in which its thread was when it was made."""
        made = []

        def make():
            with open(f"/run/netns/{self.namespace}") as namespace:
                if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), CLONE_NEWNET) == 0:
                    made.append(socket.socket())

        thread = threading.Thread(target=make)
        thread.start()
        thread.join()
        if not made:
            raise OSError("no socket in the namespace")
        return made[0]
