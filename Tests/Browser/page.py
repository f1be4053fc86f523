"""The demo page as a person uses it: by what its fields and buttons are called and what they show."""
import base64

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

PATIENCE = 25  # seconds; a browser waits three before it connects again


class Page:
    def __init__(self, driver, url):
        self.driver, self.url = driver, url

    # Looking

    def __getitem__(self, id):
        return self.driver.find_element(By.ID, id)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def texts(self, selector):
        """What the elements hold, to the character: no trimming, no collapsing."""
        script = "return Array.from(document.querySelectorAll(arguments[0]), element => element.textContent)"
        return self.driver.execute_script(script, selector)

    def js(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def wait(self, condition, why):
        return WebDriverWait(self.driver, PATIENCE, poll_frequency=0.1).until(lambda _: condition(), why)

    def wait_text(self, selector, text):
        self.wait(lambda: any(text in each for each in self.texts(selector)), f"{text!r} in {selector}")

    def wait_state(self, stream, state):
        badge = f"#{stream}-state"
        self.wait(lambda: self.all(f'{badge}[data-state="{state}"]'), f"{badge} is {state}")

    def logged(self, event):
        """The data of the log's rows for one event."""
        return self.texts(f'#log-rows [data-row="{event}"] .data')

    def marks(self, text):
        return len(self.all(f'#log-rows [data-mark="{text}"]'))

    def client_ids(self, user=None):
        which = "" if user is None else f'[data-user="{user}"]'
        script = "return Array.from(document.querySelectorAll(arguments[0]), row => row.dataset.client)"
        return set(self.js(script, f"#client-rows tr{which}"))

    def console_errors(self):
        """All but the 401 by which the page learns that nobody is signed in."""
        return [
            entry["message"]
            for entry in self.driver.get_log("browser")
            if entry["level"] == "SEVERE" and "/account/profile" not in entry["message"]
        ]

    def overflow(self):
        return self.js("return document.documentElement.scrollWidth - innerWidth")

    # Doing

    def open(self):
        self.driver.get(self.url + "/")
        self.wait_state("events", "open")

    def start_over(self):
        self.resize()
        self.js("try { localStorage.clear() } catch { /* a blank page has none */ }")
        self.driver.get("about:blank")
        self.driver.execute_cdp_cmd("Network.clearBrowserCookies", {})
        self.open()

    def resize(self, width=1440, height=900, mobile=False):
        size = {"width": width, "height": height, "deviceScaleFactor": 2 if mobile else 1, "mobile": mobile}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)

    def click(self, id):
        # By script: a sticky panel or a smooth scroll must not decide whether a click arrives.
        self.js("arguments[0].scrollIntoView({block: 'center'}); arguments[0].click()", self[id])

    def fill(self, **fields):
        for id, text in fields.items():
            field = self[id.replace("_", "-")]
            field.clear()
            for number, line in enumerate(text.split("\n")):
                if number:
                    field.send_keys(Keys.SHIFT, Keys.ENTER, Keys.NULL)
                field.send_keys(line)

    def sign_in(self, user_id, username):
        self.fill(login_user_id=user_id, login_username=username)
        self.click("login-submit")
        self.wait_state("chat", "open")
        self.wait(lambda: self.texts("#account-name") == [username], "signed in")

    def broadcast(self, message):
        self.fill(broadcast_message=message)
        self.click("broadcast-send")

    def say(self, message):
        self.fill(chat_message=message)
        self.click("chat-send")

    def screenshot(self, path):
        """The whole page, however long."""
        width, height = self.js("return [innerWidth, document.documentElement.scrollHeight]")
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
        shot = self.driver.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True, "clip": clip})
        path.write_bytes(base64.b64decode(shot["data"]))
