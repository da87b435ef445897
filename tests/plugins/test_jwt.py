"""Tokens: valid and invalid ones, and the keys."""

from __future__ import annotations

import base64
import hmac
import json
import shutil
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from plugins.jwt import tokens as tokens_module
from plugins.jwt.keys import JwtSettings, load_keys
from plugins.jwt.tokens import CACHE_SECONDS, MAX_CACHED_TOKENS, Tokens
from tests.yolk.small_apps import YOLK, process
from yolk import StartError
from yolk.testing import Server, StartFailed

SECRET = "0123456789abcdef0123456789abcdef"
NODE = YOLK / "tests" / "node"

Make = Callable[..., Tokens]
Node = Callable[..., Any]


@pytest.fixture
def tokens(tmp_path: Path) -> Make:
    """Return what makes the plugin's `app.jwt` from settings."""

    def make(**settings: Any) -> Tokens:
        given = JwtSettings(**settings)
        return Tokens(given, load_keys(given, tmp_path, tmp_path))

    return make


class Clock:
    """The clocks that the plugin reads, moved by the test."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def advance(self, seconds: float) -> None:
        """Move both clocks."""
        self._ahead += seconds

    def time(self) -> float:
        """Return the wall clock's time."""
        return time.time() + self._ahead

    def monotonic(self) -> float:
        """Return the monotonic clock's time."""
        return time.monotonic() + self._ahead


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Return the plugin's clock; PyJWT keeps the real one, so the plugin asks it at `exp`."""
    made = Clock()
    monkeypatch.setattr(tokens_module, "time", made)
    return made


@pytest.fixture
def node() -> Node:
    """Return Node's jsonwebtoken, or skip where it is missing."""
    program = shutil.which("node")
    if program is None:
        pytest.skip("there is no Node.js; `make test` says how to have it")
    if not (NODE / "node_modules" / "jsonwebtoken").is_dir():
        pytest.skip("jsonwebtoken is not installed: npm install --prefix tests/node")

    def run(action: str, **said: Any) -> Any:
        done = subprocess.run(
            [program, NODE / "jwt.mjs"],
            input=json.dumps({"action": action, **said}),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def key_pair(folder: Path, algorithm: str, name: str = "key") -> tuple[str, str]:
    """Write a pair of keys, and return the names of the private and the public file."""
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
    if algorithm == "RS256":
        key = rsa.generate_private_key(65537, 2048)
    elif algorithm == "ES256":
        key = ec.generate_private_key(ec.SECP256R1())
    else:
        key = ed25519.Ed25519PrivateKey.generate()
    private, public = folder / f"{name}.pem", folder / f"{name}.pub.pem"
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(
        key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    return private.name, public.name


def encoded(part: object) -> str:
    """Return one part of a token."""
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


# --- good tokens


def test_what_was_signed_is_read_again(tokens: Make) -> None:
    """HS256 by default; a token says when it was made and when it expires."""
    app_jwt = tokens(secret=SECRET, expires_in=60)
    before = int(time.time())
    claims = app_jwt.verify(app_jwt.sign({"id": 7, "sid": "s", "名": "é"}))

    assert (claims["id"], claims["sid"], claims["名"]) == (7, "s", "é")
    assert before <= claims["iat"] <= time.time()
    assert claims["exp"] - claims["iat"] == app_jwt.expires_in == 60


def test_the_life_of_one_token_may_differ(tokens: Make) -> None:
    """`sign` accepts another lifetime than the setting's."""
    app_jwt = tokens(secret=SECRET)
    claims = app_jwt.verify(app_jwt.sign({"id": 7}, expires_in=5))

    assert claims["exp"] - claims["iat"] == 5


@pytest.mark.parametrize("claims", [{"id": 7}, {"id": "7"}])
def test_a_token_made_by_node_is_accepted(tokens: Make, node: Node, claims: dict[str, Any]) -> None:
    """A token that an Egg application signed with the same secret is accepted."""
    made = node("sign", claims={**claims, "aud": "chat", "sub": 7}, key=SECRET)

    found = tokens(secret=SECRET).verify(made)

    assert (found["id"], found["aud"]) == (7, "chat")
    assert "exp" not in found  # Egg applications seldom set one


def test_a_token_made_by_node_with_a_short_secret_is_accepted(tokens: Make, node: Node) -> None:
    """Secrets of ported applications are often short."""
    made = node("sign", claims={"id": 7}, key="secret", options={"expiresIn": "1h"})

    with warnings.catch_warnings(action="ignore"):
        found = tokens(secret="secret", allow_short_secret=True).verify(made)

    assert found["exp"] - found["iat"] == 3600


def test_node_accepts_our_tokens(tokens: Make, node: Node) -> None:
    """An Egg application with the same secret accepts Yolk's tokens."""
    made = tokens(secret=SECRET).sign({"id": 7, "sid": "s"})

    found = node("verify", token=made, key=SECRET, options={"algorithms": ["HS256"]})

    assert (found["id"], found["sid"]) == (7, "s")


@pytest.mark.parametrize(
    "claims",
    [
        {"iat": int(time.time()) + 3600},
        {"iat": int(time.time() * 1000)},
        {"iat": "now"},
        {"jti": 123},
        {"iss": 5},
    ],
)
def test_claims_that_egg_does_not_check_are_not_checked(
    tokens: Make, claims: dict[str, Any]
) -> None:
    """`jsonwebtoken` accepts them, whatever they are; a clock that is ahead does not matter."""
    made = f"{encoded({'alg': 'HS256'})}.{encoded({'id': 7, **claims})}"
    signature = hmac.digest(SECRET.encode(), made.encode(), "sha256")
    text = base64.urlsafe_b64encode(signature).rstrip(b"=").decode()

    assert tokens(secret=SECRET).verify(f"{made}.{text}")["id"] == 7


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_longer_hashes_are_accepted_where_they_are_configured(
    tokens: Make, node: Node, algorithm: str
) -> None:
    """A token says no other algorithm than the setting's."""
    secret = SECRET * 2
    made = node("sign", claims={"id": 7}, key=secret, options={"algorithm": algorithm})
    app_jwt = tokens(algorithm=algorithm, secret=secret)

    assert app_jwt.verify(made)["id"] == app_jwt.verify(app_jwt.sign({"id": 7}))["id"] == 7
    with pytest.raises(jwt.InvalidAlgorithmError):
        tokens(secret=secret).verify(made)


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
def test_key_files_sign_and_check(tokens: Make, tmp_path: Path, algorithm: str) -> None:
    """A private key alone signs and verifies; a public key alone verifies."""
    private, public = key_pair(tmp_path, algorithm)
    alone = tokens(algorithm=algorithm, private_key=private)
    both = tokens(algorithm=algorithm, private_key=private, public_key=public)
    checker = tokens(algorithm=algorithm, public_key=str(tmp_path / public))
    made = alone.sign({"id": 7})

    assert jwt.get_unverified_header(made)["alg"] == algorithm
    assert [each.verify(made)["id"] for each in (alone, both, checker)] == [7, 7, 7]
    with pytest.raises(RuntimeError, match=r"jwt\.private_key is not set"):
        checker.sign({"id": 7})


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_a_token_made_by_node_with_a_key_is_accepted(
    tokens: Make, node: Node, tmp_path: Path, algorithm: str
) -> None:
    """Node signs with its key, and Yolk has the public half."""
    private, public = key_pair(tmp_path, algorithm)
    pem = (tmp_path / private).read_text()
    made = node("sign", claims={"id": 7}, key=pem, options={"algorithm": algorithm})

    assert tokens(algorithm=algorithm, public_key=public).verify(made)["id"] == 7


# --- the user it names


@pytest.mark.parametrize("id", [1, 7, 2**63 - 1])
@pytest.mark.parametrize("form", [int, str, "{:03}".format])
def test_the_user_id_is_an_integer(tokens: Make, form: Callable[[int], object], id: int) -> None:
    """A number, or digits as Egg applications make them."""
    found = tokens(secret=SECRET).verify(jwt.encode({"id": form(id)}, SECRET, "HS256"))

    assert found["id"] == id
    assert type(found["id"]) is int


@pytest.mark.parametrize(
    "claims",
    [
        {},
        *(
            {"id": value}
            for value in [
                0,
                -1,
                2**63,
                True,
                7.0,
                None,
                "",
                "0",
                "-7",
                "7.0",
                " 7",
                "٧",
                "ada",
                str(2**63),
                "9" * 5000,
                [7],
                {"id": 7},
            ]
        ),
    ],
)
def test_a_token_without_a_user_is_refused(tokens: Make, claims: dict[str, Any]) -> None:
    """Zero, negative, too large, truth values, fractions and other texts are no user ids."""
    with pytest.raises(jwt.InvalidTokenError, match="names no user id"):
        tokens(secret=SECRET).verify(jwt.encode(claims, SECRET, "HS256"))


# --- bad tokens


def test_an_expired_token_says_so(tokens: Make) -> None:
    """An expired token has an error of its own, because a client can refresh it."""
    app_jwt = tokens(secret=SECRET)

    with pytest.raises(jwt.ExpiredSignatureError):
        app_jwt.verify(app_jwt.sign({"id": 7}, expires_in=-1))


def test_clocks_may_differ_by_the_leeway(tokens: Make) -> None:
    """A token expires `leeway` seconds later, and one from a clock ahead is valid already."""
    strict, lenient = tokens(secret=SECRET), tokens(secret=SECRET, leeway=60)
    late = strict.sign({"id": 7}, expires_in=-30)
    early = jwt.encode({"id": 7, "nbf": int(time.time()) + 30}, SECRET, "HS256")
    too_late = strict.sign({"id": 7}, expires_in=-90)

    assert lenient.verify(late)["id"] == lenient.verify(early)["id"] == 7
    with pytest.raises(jwt.InvalidTokenError):
        strict.verify(early)
    with pytest.raises(jwt.ExpiredSignatureError):
        lenient.verify(too_late)


@pytest.mark.parametrize("token", [None, "", "x", "a.b.c", "é.é.é", "..", "x" * 100_000])
def test_what_is_no_token_is_refused(tokens: Make, token: str | None) -> None:
    """Anything but a token is an invalid token, not a server error."""
    with pytest.raises(jwt.InvalidTokenError):
        tokens(secret=SECRET).verify(token)


@pytest.mark.parametrize("alg", ["none", "None", "NONE"])
def test_an_unsigned_token_is_refused(tokens: Make, alg: str) -> None:
    """Algorithm `none` is refused."""
    made = f"{encoded({'alg': alg, 'typ': 'JWT'})}.{encoded({'id': 7})}."

    with pytest.raises(jwt.InvalidTokenError):
        tokens(secret=SECRET).verify(made)


def test_a_token_does_not_choose_its_algorithm(tokens: Make, tmp_path: Path) -> None:
    """Another HMAC, or a public key used as a secret, is refused."""
    _, public = key_pair(tmp_path, "RS256")
    pem = (tmp_path / public).read_bytes()
    with warnings.catch_warnings(action="ignore"):
        other = jwt.encode({"id": 7}, SECRET, "HS512")
    # RS256's public key as the secret of HS256: PyJWT makes no such token, so it is made by hand.
    signing = f"{encoded({'alg': 'HS256', 'typ': 'JWT'})}.{encoded({'id': 7})}"
    hmac = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    signature = base64.urlsafe_b64encode(hmac.sign(signing.encode(), pem)).rstrip(b"=").decode()

    with pytest.raises(jwt.InvalidAlgorithmError):
        tokens(secret=SECRET).verify(other)
    with pytest.raises(jwt.InvalidAlgorithmError):
        tokens(algorithm="RS256", public_key=public).verify(f"{signing}.{signature}")


def test_a_changed_token_is_refused(tokens: Make) -> None:
    """Changed claims, another signature and another secret are refused."""
    app_jwt = tokens(secret=SECRET)
    head, _, signature = app_jwt.sign({"id": 7}).split(".")

    for changed in (
        f"{head}.{encoded({'id': 8})}.{signature}",
        app_jwt.sign({"id": 7}).rpartition(".")[0] + ".",
        tokens(secret=SECRET[::-1]).sign({"id": 7}),
    ):
        with pytest.raises(jwt.InvalidTokenError):
            app_jwt.verify(changed)


# --- keys


def test_a_local_secret_is_made_once(tokens: Make, tmp_path: Path) -> None:
    """Without a secret, one is created in the data folder, for this application only."""
    made = tokens().sign({"id": 7})

    secret = tmp_path / "jwt.secret"
    assert secret.stat().st_mode & 0o777 == 0o600
    assert len(secret.read_text()) >= 32
    assert tokens().verify(made)["id"] == 7
    assert [path.name for path in tmp_path.iterdir()] == ["jwt.secret"]


def test_processes_that_start_at_once_agree_on_a_local_secret(tmp_path: Path) -> None:
    """All of them use the same secret, whichever process created it."""
    program = """
import sys
from pathlib import Path
from plugins.jwt.keys import JwtSettings, load_keys
folder = Path(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
print(load_keys(JwtSettings(), folder, folder).signing)
"""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program, tmp_path],
            cwd=YOLK,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for _ in range(4)
    ]
    for each in processes:
        assert each.stdout is not None
        assert each.stdout.readline() == "ready\n"
    for each in processes:
        assert each.stdin is not None
        each.stdin.write("\n")
        each.stdin.flush()
    secrets = {each.communicate(timeout=20)[0] for each in processes}

    assert secrets == {(tmp_path / "jwt.secret").read_text() + "\n"}


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"algorithm": "RS256"}, "the plugin jwt: RS256 needs a key; set jwt.private_key or jwt"),
        ({}, "the plugin jwt has no secret in prod; set JWT_SECRET to at least 32 random bytes."),
        ({"secret": ""}, "the plugin jwt has no secret in prod"),
        ({"secret": SECRET[1:]}, "the plugin jwt: JWT_SECRET is shorter than 32 bytes; use a lo"),
    ],
)
def test_settings_that_are_not_safe_stop_the_start(settings: dict[str, Any], problem: str) -> None:
    """The sentence names what is missing and how to set it."""
    with pytest.raises(StartError) as refusal:
        JwtSettings(**settings).check("prod")

    assert str(refusal.value).startswith(problem)


def test_settings_that_are_safe_do_not() -> None:
    """A long secret, an allowed short one, and any secret outside prod are accepted."""
    JwtSettings(secret=SECRET).check("prod")
    JwtSettings(secret="é" * 16).check("prod")  # bytes count
    JwtSettings(secret="egg", allow_short_secret=True).check("prod")
    JwtSettings(secret="egg").check("local")
    JwtSettings().check("test")


@pytest.mark.parametrize("file", ["no.pem", "text.pem", "other.pem", "key.pub.pem"])
def test_a_file_without_the_key_is_refused(tokens: Make, tmp_path: Path, file: str) -> None:
    """A missing file, one without a key, or with another kind of key stops the start."""
    key_pair(tmp_path, "RS256")
    key_pair(tmp_path, "ES256", "other")
    (tmp_path / "text.pem").write_text("no key")

    with pytest.raises((OSError, ValueError)):
        tokens(algorithm="RS256", private_key=file)


def test_keys_that_are_no_pair_are_refused(tokens: Make, tmp_path: Path) -> None:
    """Tokens of such an application could not be verified."""
    private, _ = key_pair(tmp_path, "ES256")
    _, other = key_pair(tmp_path, "ES256", "other")

    with pytest.raises(ValueError, match="not the public half"):
        tokens(algorithm="ES256", private_key=private, public_key=other)


# --- the plugin in an application

FILES = {
    "config/plugin.py": "jwt = {'package': 'plugins.jwt'}",
    "config/config_prod.py": "jwt = {'allow_short_secret': True}",
    "routes/__init__.py": """
    import jwt

    async def sign(ctx):
        ctx.body = ctx.app.jwt.sign({"id": "7"})

    async def check(ctx):
        try:
            ctx.body = ctx.check_token(ctx.query.token)["id"]
        except jwt.InvalidTokenError as error:
            ctx.body = type(error).__name__

    def mount(app):
        app.http.get("/sign", sign)
        app.http.get("/check", check)
    """,
}


def application(folder: Path, files: dict[str, str] | None = None, **env: str) -> Server:
    """Return an application that has the plugin."""
    return process(folder, {**FILES, **(files or {})}, None, **env)


async def test_short_secrets_raise_no_warning(tmp_path: Path) -> None:
    """An allowed short secret causes no warning; `ctx.check_token` works."""
    server = application(tmp_path, YOLK_ENV="prod", JWT_SECRET="egg", PYTHONWARNINGS="error")
    async with server:
        token = (await server.ask("GET", "/sign")).text
        assert (await server.ask("GET", "/check", params={"token": token})).json() == 7
        assert (await server.ask("GET", "/check")).text == "InvalidTokenError"

    assert "Warning" not in server.output


@pytest.mark.parametrize(
    ("secret", "problem"),
    [
        ("", "the plugin jwt has no secret in prod; set JWT_SECRET to at least 32 random bytes.\n"),
        (
            "egg",
            "the plugin jwt: JWT_SECRET is shorter than 32 bytes; use a longer one, or set "
            "jwt.allow_short_secret to keep an Egg application's.\n",
        ),
    ],
)
def test_there_is_no_start_in_prod_without_a_good_secret(
    tmp_path: Path, secret: str, problem: str
) -> None:
    """One sentence, status 1, and no files."""
    server = application(
        tmp_path, {"config/config_prod.py": ""}, YOLK_ENV="prod", JWT_SECRET=secret
    )
    with pytest.raises(StartFailed) as failure:
        server.start()

    assert str(failure.value).endswith(f":\nyolk: {problem}")
    assert failure.value.status == 1
    assert not server.data.exists()


def test_a_key_that_cannot_be_read_stops_the_start(tmp_path: Path) -> None:
    """The sentence names the missing file."""
    settings = "jwt = {'algorithm': 'EdDSA', 'private_key': 'keys/no.pem'}"
    with pytest.raises(StartFailed) as failure:
        application(tmp_path, {"config/config_local.py": settings}).start()

    said = str(failure.value)
    assert (
        "\nyolk: the plugin jwt cannot read its key: [Errno 2] No such file or directory: " in said
    )
    assert "/keys/no.pem'.\n" in said
    assert "Traceback" not in said
    assert failure.value.status == 1


# --- the cache of verified tokens


@pytest.fixture
def verifications(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the tokens that PyJWT verifies from now on, in order."""
    seen: list[str] = []
    decode = jwt.decode

    def note(token: str, *args: Any, **options: Any) -> Any:
        seen.append(token)
        return decode(token, *args, **options)

    monkeypatch.setattr(jwt, "decode", note)
    return seen


def signed(header: dict[str, Any], claims: object) -> str:
    """Return a token with our signature, whatever its header and claims are."""
    said = f"{encoded(header)}.{encoded(claims)}"
    mac = hmac.digest(SECRET.encode(), said.encode(), "sha256")
    return f"{said}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def test_a_verified_token_is_cached_for_five_seconds(
    tokens: Make, verifications: list[str], clock: Clock
) -> None:
    """PyJWT verifies a token once, and once more after five seconds."""
    app_jwt = tokens(secret=SECRET)
    made = app_jwt.sign({"id": "7"})

    first = app_jwt.verify(made)
    clock.advance(CACHE_SECONDS - 0.1)
    assert app_jwt.verify(made) == first
    assert verifications == [made]
    clock.advance(0.2)
    assert app_jwt.verify(made) == first
    assert verifications == [made, made]
    assert CACHE_SECONDS <= 5


@pytest.mark.parametrize("leeway", [0, 2])
def test_a_token_leaves_the_cache_with_its_exp(
    tokens: Make, verifications: list[str], clock: Clock, leeway: int
) -> None:
    """At `exp` plus the leeway PyJWT verifies the token again."""
    app_jwt = tokens(secret=SECRET, leeway=leeway)
    made = app_jwt.sign({"id": 7}, expires_in=2)

    app_jwt.verify(made)
    app_jwt.verify(made)
    assert verifications == [made]
    clock.advance(2 + leeway)
    app_jwt.verify(made)
    assert verifications == [made, made]


def test_the_cache_is_bounded(tokens: Make, verifications: list[str]) -> None:
    """The oldest token leaves the cache when a new one has no room."""
    app_jwt = tokens(secret=SECRET)
    made = [app_jwt.sign({"id": id}) for id in range(1, MAX_CACHED_TOKENS + 2)]

    for token in [*made, made[1], made[0]]:
        app_jwt.verify(token)

    assert verifications == [*made, made[0]]
    assert len(app_jwt._verified) == MAX_CACHED_TOKENS


def test_cached_claims_cannot_be_changed_by_a_caller(tokens: Make) -> None:
    """Each caller gets a dictionary of its own."""
    app_jwt = tokens(secret=SECRET)
    made = app_jwt.sign({"id": 7})

    app_jwt.verify(made)["id"] = 8
    app_jwt.verify(made)["id"] = 9

    assert app_jwt.verify(made)["id"] == 7


def test_another_key_does_not_know_what_was_verified(tokens: Make) -> None:
    """The cache belongs to its keys: with another secret the same token is refused."""
    made = tokens(secret=SECRET).sign({"id": 7})

    assert tokens(secret=SECRET).verify(made)["id"] == 7
    with pytest.raises(jwt.InvalidSignatureError):
        tokens(secret=SECRET[::-1]).verify(made)


def test_a_spoiled_token_is_refused_beside_its_cached_original(tokens: Make) -> None:
    """Any change to a cached token makes another token, which is refused."""
    app_jwt = tokens(secret=SECRET)
    token = signed({"alg": "HS256", "typ": "JWT"}, {"id": 7})
    said, _, signature = token.rpartition(".")
    spoiled = [
        *(token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :] for at in (0, 45, -2)),
        *(token[:-1], " " + token),
        *(said, said + ".", token.replace(".", "..", 1), f"{said}.é{signature}", "", ".."),
    ]

    assert app_jwt.verify(token) == {"id": 7}
    for other in spoiled * 2:
        with pytest.raises(jwt.InvalidTokenError):
            app_jwt.verify(other)


@pytest.mark.parametrize(
    ("header", "claims"),
    [
        ({"alg": "none", "typ": "JWT"}, {"id": 7}),
        ({"alg": "RS256", "typ": "JWT"}, {"id": 7}),
        ({"alg": "HS256", "typ": "JWT", "crit": ["b64"], "b64": False}, {"id": 7}),
        ({"alg": "HS256", "typ": "JWT"}, [7]),
    ],
)
def test_a_signed_token_of_another_form_is_refused(
    tokens: Make, header: dict[str, Any], claims: object
) -> None:
    """A valid signature does not make another header or other claims acceptable."""
    for _ in range(2):
        with pytest.raises(jwt.InvalidTokenError):
            tokens(secret=SECRET).verify(signed(header, claims))
