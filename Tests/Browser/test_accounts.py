"""Accounts of the example app as clients have them: a program with a cookie jar, Chromium, a page of another origin."""
import signal
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt
import pytest
import requests
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from test_restart import App

PASSWORD, NEXT_PASSWORD = "correct horse battery", "another horse battery"
PATIENCE = 25  # seconds


class PartnerPage(BaseHTTPRequestHandler):
    """A page of another origin, with a form that is not for the app's users to send."""

    app = ""

    def do_GET(self):
        page = f'<form method="post" action="{self.app}/account/sign-out-everywhere"><button>Win</button></form>'
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(page.encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def partner():
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Page", (PartnerPage,), {}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    server.origin = f"http://127.0.0.1:{server.server_port}"
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def app(tmp_path, partner):
    app = App(tmp_path)
    app.environment.update(DATABASE=str(tmp_path / "app.db"), CORS_ORIGIN=partner.origin, ADMIN_USER="")
    app.start()
    partner.RequestHandlerClass.app = app.url
    yield app
    app.end(signal.SIGKILL)


class Device(requests.Session):
    def __init__(self, app, name):
        super().__init__()
        self.app, self.headers["User-Agent"] = app, name

    def post(self, path, **fields):
        return super().post(self.app.url + path, data=fields, timeout=30)

    def ask(self, path, **options):
        return super().get(self.app.url + path, timeout=30, **options)

    def register(self, id="ada"):
        reply = self.post("/account/register", user_id=id, username=id.capitalize(), password=PASSWORD)
        assert reply.json() == {
            "code": 0, "msg": "已注册", "data": {"user_id": id, "username": id.capitalize()}}, reply.text
        return self

    def is_signed_in(self):
        return {200: True, 401: False}[self.ask("/account/profile").status_code]


def test_sessions_on_several_devices(app):
    laptop, phone, tablet = (Device(app, name) for name in ("Laptop", "Phone", "Tablet"))
    laptop.register()
    for device in (phone, tablet):
        assert device.post("/account/login", user_id="ada", password=PASSWORD).status_code == 200
    listed = laptop.ask("/account/sessions").json()
    assert listed["count"] == 3 and {each["device"] for each in listed["data"]} == {"Laptop", "Phone", "Tablet"}
    assert [each["device"] for each in listed["data"] if each["current"]] == ["Laptop"]

    handle = next(each["handle"] for each in listed["data"] if each["device"] == "Tablet")
    assert laptop.post("/account/sessions/end", handle=handle).json()["code"] == 0
    assert [each.is_signed_in() for each in (laptop, phone, tablet)] == [True, True, False]

    assert phone.post("/account/password", password="wrong", new_password=NEXT_PASSWORD).status_code == 422
    assert phone.post("/account/password", password=PASSWORD, new_password=NEXT_PASSWORD).status_code == 200
    assert [each.is_signed_in() for each in (laptop, phone)] == [False, True]
    assert laptop.post("/account/login", user_id="ada", password=PASSWORD).status_code == 401
    assert laptop.post("/account/login", user_id="ada", password=NEXT_PASSWORD).status_code == 200

    app.end(signal.SIGTERM)
    app.start()
    assert [each.is_signed_in() for each in (laptop, phone)] == [True, True]
    assert phone.post("/account/sign-out-everywhere").json()["data"] == {"count": 2}
    assert [each.is_signed_in() for each in (laptop, phone)] == [False, False]


def test_only_the_first_who_registered_closes_streams(app):
    ada, bob = Device(app, "a").register("ada"), Device(app, "b").register("bob")
    for device, status in ((Device(app, "c"), 401), (bob, 403), (ada, 200)):
        assert device.post("/client/close-all").status_code == status


def test_signing_out_ends_a_stream(app):
    ada = Device(app, "a").register()
    with ada.ask("/chat/stream", stream=True) as stream:
        lines = stream.iter_lines()
        while b"event: system" not in next(lines):
            pass
        ended = threading.Thread(target=lambda: list(lines))
        ended.start()
        ada.post("/account/logout")
        ended.join(5)
        assert not ended.is_alive()


def test_a_token_stands_for_the_cookie(app):
    ada = Device(app, "a").register()
    grant = ada.ask("/account/token")
    assert grant.headers["Cache-Control"] == "no-store"
    token = grant.json()["data"]["access_token"]
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["sub"] == "ada" and claims["exp"] - claims["iat"] == 300

    def profile(token):
        return Device(app, "program").ask("/account/profile", headers={"Authorization": f"Bearer {token}"})

    assert profile(token).json()["data"] == {"user_id": "ada", "username": "Ada"}
    # Not for what is a session's alone.
    for path in ("/account/token", "/account/sessions"):
        reply = Device(app, "program").ask(path, headers={"Authorization": f"Bearer {token}"})
        assert reply.status_code == 403
    forged = jwt.encode(claims | {"sub": "root"}, "secret" * 8, algorithm="HS256")
    unsigned = jwt.encode(claims, None, algorithm="none")
    for other in (forged, unsigned, token[:-4] + "AAAA", token.rsplit(".", 1)[0] + "."):
        reply = profile(other)
        assert reply.status_code == 401
        assert 'error="invalid_token"' in reply.headers["WWW-Authenticate"]


def test_a_page_of_the_partner_counts_and_nothing_else(app, partner):
    ada = Device(app, "a").register()

    def allowed(method, path, origin=partner.origin, **headers):
        reply = ada.request(method, app.url + path, headers={"Origin": origin, **headers}, timeout=30, stream=True)
        with reply:
            return reply.status_code, reply.headers.get("Access-Control-Allow-Origin")

    assert allowed("GET", "/client/count") == (200, partner.origin)
    preflight = {"Access-Control-Request-Method": "GET"}
    assert allowed("OPTIONS", "/client/count", **preflight)[1] == partner.origin
    assert allowed("GET", "/client/count", "http://evil.example")[1] is None
    assert allowed("OPTIONS", "/client/count", "http://evil.example", **preflight)[0] == 403
    for path in ("/account/profile", "/client", "/events"):
        assert allowed("GET", path)[1] is None
        assert allowed("OPTIONS", path, **preflight)[1] is None


# In Chromium


class Browser:
    def __init__(self, driver, app):
        self.driver, self.app = driver, app
        driver.get("about:blank")
        driver.execute_cdp_cmd("Network.clearBrowserCookies", {})
        driver.get_log("browser")

    def open(self, path):
        self.driver.get(self.app.url + path)

    def submit(self, action, **fields):
        form = self.driver.find_element(By.CSS_SELECTOR, f'form[action="{action}"]')
        for name, text in fields.items():
            form.find_element(By.NAME, name).send_keys(text)
        page = self.driver.find_element(By.TAG_NAME, "html")
        form.find_element(By.TAG_NAME, "button").click()
        WebDriverWait(self.driver, PATIENCE).until(lambda _: self.is_gone(page), f"{action} has been answered")

    @staticmethod
    def is_gone(page):
        try:
            page.tag_name
        except Exception:
            return True
        return False

    @property
    def path(self):
        return self.driver.execute_script("return location.pathname")

    @property
    def text(self):
        return self.driver.find_element(By.TAG_NAME, "body").text

    def fetched(self, script):
        return self.driver.execute_async_script(f"const done = arguments[0]; {script}")


@pytest.fixture
def browser(browsers, app):
    browser = Browser(browsers[0], app)
    yield browser
    browser.driver.get("about:blank")
    browser.driver.get_log("browser")


def test_forms_in_a_browser(browser, app):
    browser.open("/account")
    assert browser.path == "/account/login"
    browser.open("/account/register")
    browser.submit("/account/register", user_id="ada", username="<i>Ada</i>", password="short")
    assert "至少需要 8 个字符" in browser.text
    browser.submit("/account/register", password=PASSWORD)
    assert browser.path == "/account" and "已注册" in browser.text and "<i>Ada</i>" in browser.text

    phone = Device(app, "Phone")
    assert phone.post("/account/login", user_id="ada", password=PASSWORD).status_code == 200
    browser.submit("/account/password", password=PASSWORD, new_password=NEXT_PASSWORD)
    assert "密码已修改" in browser.text and not phone.is_signed_in()

    browser.submit("/account/logout")
    assert browser.path == "/account/login" and "已退出" in browser.text
    browser.submit("/account/login", user_id="ada", password="wrong password")
    assert "用户名或密码错误" in browser.text
    browser.submit("/account/login", password=NEXT_PASSWORD)
    browser.open("/account")
    assert phone.post("/account/login", user_id="ada", password=NEXT_PASSWORD).status_code == 200
    browser.open("/account")
    assert "Phone" in browser.text and "本机" in browser.text
    # No policy was broken; the refused forms are all that the console may tell of.
    told = [entry["message"] for entry in browser.driver.get_log("browser") if entry["level"] == "SEVERE"]
    assert all("status of 4" in message for message in told), told


def test_another_site_sends_nothing_and_reads_the_count_alone(browser, app, partner):
    browser.open("/account/register")
    browser.submit("/account/register", user_id="ada", username="Ada", password=PASSWORD)
    browser.driver.get(partner.origin)
    fetched = "fetch({!r}, {{ credentials: 'include' }}).then(async r => done(await r.json()), e => done(String(e)))"
    assert browser.fetched(fetched.format(f"{app.url}/client/count"))["code"] == 0
    assert "TypeError" in browser.fetched(fetched.format(f"{app.url}/account/profile"))
    stream = "const s = new EventSource({!r}, {{ withCredentials: true }}); s.onopen = s.onerror = e => done(e.type)"
    assert browser.fetched(stream.format(f"{app.url}/events")) == "error"
    browser.submit(f"{app.url}/account/sign-out-everywhere")
    assert "403" in browser.text
    browser.open("/account")
    assert browser.path == "/account"
