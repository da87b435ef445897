"""Filenames as clients write them into forms."""

from __future__ import annotations

import pytest

from controllers.api.file.form_filename import parse_filename
from services.errors import NameRefused
from yolk.testing import Server, User

ENCODED_WORD = "=?utf-8?B?5Lit5paHLnR4dA==?="
EXTENDED = "utf-8''%E4%B8%AD%E6%96%87.txt"


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        (f"filename*={EXTENDED}", "中文.txt"),
        ("filename*=UTF-8'zh'%e4%b8%ad%e6%96%87.txt", "中文.txt"),
        ("filename*=gb18030''%D6%D0%CE%C4.txt", "中文.txt"),
        ("filename*0*=utf-8''%E4%B8; filename*1*=%AD.txt", "中.txt"),
        (f'filename="{ENCODED_WORD}"; filename*={EXTENDED}', "中文.txt"),
        (f'filename*={EXTENDED}; filename="plain.txt"', "中文.txt"),
        (f'filename="{ENCODED_WORD}"', "中文.txt"),
        ('filename="=?utf-8?Q?=E4=B8=AD?= =?utf-8?Q?=E6=96=87?="', "中文"),
        ('filename="=?gbk?B?1tDOxC50eHQ=?="', "中文.txt"),
        ('filename="=?nonsense?B?5Lit?="', "=?nonsense?B?5Lit?="),
        ('filename="=?utf-8?B?5?="', "=?utf-8?B?5?="),
        ('filename="a =?utf-8?B?5Lit?= b"', "a =?utf-8?B?5Lit?= b"),
        ('filename="中文.txt"', "中文.txt"),
        ('filename="a %22quoted%22; name.png"', 'a "quoted"; name.png'),
        (r'filename="a \"quoted\" name.png"', 'a "quoted" name.png'),
        ("FileName=plain.txt", "plain.txt"),
        ('filename="/storage/emulated/0/photo.jpg"', "photo.jpg"),
        ('filename="tmp/wx123.jpg"', "wx123.jpg"),
        (r'filename="C:\fakepath\photo.jpg"', "photo.jpg"),
        (r'filename="..\..\boot.ini"', "boot.ini"),
        ('filename="../../etc/passwd"', "passwd"),
        ("filename*=utf-8''..%2F..%2Fetc%2Fpasswd", "passwd"),
        ('filename=""', ""),
        ('name="f"', None),
    ],
)
def test_a_filename_is_decoded(parameters: str, name: str | None) -> None:
    """`filename*` wins over `filename`, encoded words are decoded, and paths are cut off."""
    assert parse_filename(f"form-data; {parameters}".encode()) == name


@pytest.mark.parametrize(
    "parameters",
    [
        b'filename="\xff\xfe"',
        b"filename*=utf-8''%FF",
        b"filename*=nonsense''a",
        b"filename*=idna''a",
    ],
)
def test_a_filename_must_be_text(parameters: bytes) -> None:
    """Bytes that are no text in their character set, or in an unknown one, are refused."""
    with pytest.raises(NameRefused):
        parse_filename(b"form-data; " + parameters)


@pytest.mark.parametrize(
    "parameters",
    [f"filename*={EXTENDED}", f'filename="{ENCODED_WORD}"; filename*={EXTENDED}'],
)
async def test_a_file_is_stored_under_its_decoded_name(
    server: Server, ada: User, parameters: str
) -> None:
    """A part that has a filename in any notation is the file."""
    answer = await server.ask(
        "POST",
        "/upload",
        token=ada.token,
        headers={"content-type": "multipart/form-data; boundary=b"},
        content=(
            f'--b\r\nContent-Disposition: form-data; name="f"; {parameters}\r\n\r\n'
            "hello\r\n--b--\r\n"
        ).encode(),
    )

    assert answer.json()["data"]["name"] == "中文.txt"
