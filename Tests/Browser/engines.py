"""Browsers of other engines than Chromium's, with as much of Selenium's driver as the tests of tabs use.

Firefox without geckodriver, which Debian does not have, over WebDriver BiDi; WebKit by its own driver, on a screen that
nobody sees.
"""
import glob
import json
import os
import pathlib
import subprocess
import tempfile
import time

from selenium import webdriver
from selenium.webdriver.webkitgtk.service import Service as WebKitService
from websockets.sync.client import connect

PATIENCE = 30  # seconds

PREFERENCES = """
user_pref("browser.download.folderList", 2);
user_pref("browser.download.dir", "{folder}");
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("network.protocol-handler.external.mailto", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("toolkit.telemetry.reportingpolicy.firstRun", false);
"""


def launch_engine(name, profile):
    return {"firefox": Firefox, "webkit": WebKit}[name](pathlib.Path(profile))


class Firefox:
    def __init__(self, profile):
        (profile / "user.js").write_text(PREFERENCES.format(folder=profile))
        self.process = subprocess.Popen(
            ["firefox-esr", "--headless", "--no-remote", "--profile", str(profile), "--remote-debugging-port", "0"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        told, deadline = profile / "WebDriverBiDiServer.json", time.monotonic() + PATIENCE
        while not told.exists() or not told.read_text():
            assert time.monotonic() < deadline, "Firefox does not say where it listens"
            time.sleep(0.1)
        at = json.loads(told.read_text())
        self.socket = connect(f"ws://{at['ws_host']}:{at['ws_port']}/session", max_size=None)
        self.last = 0
        self("session.new", capabilities={})
        self.current_window_handle = self("browsingContext.getTree", maxDepth=0)["contexts"][0]["context"]

    def __call__(self, method, **parameters):
        self.last += 1
        self.socket.send(json.dumps({"id": self.last, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self.socket.recv(timeout=PATIENCE))
            if answer.get("id") == self.last:
                break
        if answer["type"] == "error":
            raise RuntimeError(f"{method}: {answer['message']}")
        return answer["result"]

    @property
    def switch_to(self):
        return self

    def window(self, handle):
        self.current_window_handle = handle
        # As Selenium has it: the tab that is looked at is the one in front.
        self("browsingContext.activate", context=handle)

    def new_window(self, kind):
        self.window(self("browsingContext.create", type=kind)["context"])

    def get(self, url):
        self("browsingContext.navigate", context=self.current_window_handle, url=url, wait="complete")

    def back(self):
        self("browsingContext.traverseHistory", context=self.current_window_handle, delta=-1)

    def execute_script(self, script):
        answer = self(
            "script.evaluate", expression=f"JSON.stringify((function () {{ {script} }})())", awaitPromise=False,
            target={"context": self.current_window_handle})
        if answer["type"] == "exception":
            raise RuntimeError(answer["exceptionDetails"]["text"])
        value = answer["result"].get("value")
        return None if value is None else json.loads(value)

    def close(self):
        self("browsingContext.close", context=self.current_window_handle)

    def quit(self):
        self.socket.close()
        self.process.terminate()
        self.process.wait()


class WebKit(webdriver.WebKitGTK):
    def __init__(self, profile):
        number = next(number for number in range(90, 200) if not os.path.exists(f"/tmp/.X{number}-lock"))
        self.screen = subprocess.Popen(["Xvfb", f":{number}", "-screen", "0", "1440x900x24"], stderr=subprocess.DEVNULL)
        options = webdriver.WebKitGTKOptions()
        options.binary_location = glob.glob("/usr/lib/*/webkit2gtk-4.*/MiniBrowser")[0]
        options.add_argument("--automation")
        environment = dict(
            os.environ, DISPLAY=f":{number}", HOME=str(profile), WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS="1")
        log = tempfile.TemporaryFile()
        super().__init__(
            options=options, service=WebKitService("/usr/bin/WebKitWebDriver", log_output=log, env=environment))

    def quit(self):
        super().quit()
        self.screen.terminate()
        self.screen.wait()
