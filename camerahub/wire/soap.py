"""SOAP envelopes: written as text, read by lxml behind a guard. What every ONVIF call and WS-Discovery share.

Sources: SOAP 1.2 part 1 (fault: section 5.4) and SOAP 1.1 (section 4.4), WS-Security UsernameToken profile 1.0
(digest: section 3.1), ONVIF Core (faults). What a camera may send is judged before it is parsed: size, document type
declarations, number of tags; and its elements are found by local name only, because a namespace address of 150 KB
under 20,000 elements costs ten seconds when each full name is made (measured; the parser itself is linear).
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lxml import etree

from camerahub.wire.digest import Credential

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

MAX_BODY = 384 * 1024
MAX_TAGS = 40_000
MAX_DEPTH = 64
MAX_TEXT = 256
MAX_SUBCODES = 4

#: What can be wrong with an answer.
SOAP_FAULTS = {
    "too_large": "the answer is larger, deeper or has more elements than any camera needs",
    "dtd": "the answer declares a document type or entities",
    "xml": "the answer is not well-formed XML",
    "soap": "the answer is not a SOAP envelope",
    "answer": "the envelope does not hold the answer that was asked for",
    "address": "the address in the answer cannot be used",
}
SOAP_11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP_12 = "http://www.w3.org/2003/05/soap-envelope"
_WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"


class OnvifError(Exception):
    """What a camera said cannot be used; the one error its bytes may cause. ``kind`` is one of ``SOAP_FAULTS``.

    The message repeats nothing of what was sent.
    """

    def __init__(self, kind: str) -> None:
        super().__init__(SOAP_FAULTS[kind])
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Fault:
    """A SOAP fault, version 1.1 or 1.2 alike.

    ``code``: local name, with 1.1's Client and Server told as Sender and Receiver; ``subcodes``: local names, outer
    first, at most 4; ``text`` at most 256 characters.
    """

    code: str
    subcodes: tuple[str, ...] = ()
    text: str = ""

    @property
    def not_authorized(self) -> bool:
        """The camera refuses who asks: ``ter:NotAuthorized`` or a relative, in whichever field it stands."""
        if any(name.lower() in _REFUSALS for name in (self.code, *self.subcodes)):
            return True
        return "notauthorized" in self.text.replace(" ", "").lower()  # some say it in words only

    @property
    def not_supported(self) -> bool:
        """The camera does not know the call."""
        return any(name.lower() in _UNKNOWN_CALLS for name in (self.code, *self.subcodes))


_REFUSALS = frozenset(
    {
        "notauthorized",
        "sendernotauthorized",
        "failedauthentication",
        "failedcheck",
        "invalidsecurity",
        "invalidsecuritytoken",
        "operationprohibited",
    }
)
_UNKNOWN_CALLS = frozenset({"actionnotsupported", "optionalactionnotimplemented", "unknownaction"})
_CODES = {"client": "Sender", "server": "Receiver"}

# -- writing ----------------------------------------------------------------------------------------------------------

_ESCAPES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;", "\n": "&#10;", "\t": "&#9;"}
)
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def escape(text: str) -> str:
    """``text`` as it may stand in an element or an attribute; what XML 1.0 cannot hold becomes "?"."""
    return _NOT_XML.sub("?", text).translate(_ESCAPES)


def envelope(body: str, header: str = "") -> bytes:
    """A SOAP 1.2 envelope, UTF-8. ``body`` and ``header`` are XML already."""
    head = f"<s:Header>{header}</s:Header>" if header else ""
    start = f'<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="{SOAP_12}">'
    return f"{start}{head}<s:Body>{body}</s:Body></s:Envelope>".encode()


def username_token(credential: Credential, nonce: bytes, created: str) -> str:
    """The WS-Security header: Base64(SHA-1(nonce + created + password)), UsernameToken profile 1.0 section 3.1.

    ``nonce`` 16 random bytes, never used twice; ``created`` the time *of the camera*, UTC, "2026-01-31T08:00:00Z".
    """
    secret = nonce + created.encode() + credential.password.encode("utf-8", "surrogatepass")
    digest = base64.b64encode(hashlib.sha1(secret, usedforsecurity=False).digest()).decode()
    return (
        f'<w:Security s:mustUnderstand="1" xmlns:w="{_WSSE}wssecurity-secext-1.0.xsd" '
        f'xmlns:u="{_WSSE}wssecurity-utility-1.0.xsd"><w:UsernameToken>'
        f"<w:Username>{escape(credential.username)}</w:Username>"
        f'<w:Password Type="{_WSSE}username-token-profile-1.0#PasswordDigest">{digest}</w:Password>'
        f'<w:Nonce EncodingType="{_WSSE}soap-message-security-1.0#Base64Binary">'
        f"{base64.b64encode(nonce).decode()}</w:Nonce>"
        f"<u:Created>{created}</u:Created></w:UsernameToken></w:Security>"
    )


# -- reading ----------------------------------------------------------------------------------------------------------

_DECLARED = re.compile(r"""\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_DECLARATION = re.compile(r"\s*<\?xml[^>]*\?>")
_CHARSET = re.compile(r"""charset\s*=\s*["']?([A-Za-z0-9._-]{1,40})""", re.IGNORECASE)
_CHINESE = ("gb2312", "gbk", "gb18030", "cp936", "ms936", "x-gbk", "euc-cn", "gb_2312-80")
#: Encodings a body may claim, and how it is then read. A closed list: some of Python's codecs are quadratic.
_ENCODINGS = dict.fromkeys(_CHINESE, "gb18030") | {
    "big5": "big5",
    "iso-8859-1": "latin-1",
    "windows-1252": "cp1252",
    "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be",
}
_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_PADDING = "\x00 \t\r\n"


def _parser() -> etree.XMLParser:
    """A parser that fetches nothing and expands nothing; libxml2 itself stops at a depth of 256."""
    return etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


_PARSER = _parser()


def decoded(body: bytes, content_type: str = "") -> str:
    """The text of an XML body: by its BOM, else its own declaration, else ``content_type``, else UTF-8.

    GB2312 and GBK are read as GB18030, which holds both, unless the body is UTF-8 with Chinese in it, whatever its
    label. A body that is not in the encoding it claims is tried as UTF-8, then as GB18030; what then is no character
    becomes U+FFFD. Never raises.
    """
    for bom, name in _BOMS:
        if body.startswith(bom):
            return body[len(bom) :].decode(name, "replace")
    start = body[:256].decode("latin-1")
    found = _DECLARED.match(start) or _CHARSET.search(content_type)
    claimed = _ENCODINGS.get(found[1].lower(), "utf-8") if found else "utf-8"
    if claimed == "gb18030" and _is_chinese_utf8(body):
        claimed = "utf-8"
    for name in (claimed, "utf-8", "gb18030"):
        try:
            return body.decode(name)
        except UnicodeError:
            continue
    return body.decode("utf-8", "replace")


def _is_chinese_utf8(body: bytes) -> bool:
    """GB18030 text is hardly ever valid UTF-8, and then of Latin, Greek or Cyrillic letters; the reverse is common."""
    try:
        return max(body.decode(), default="") >= "\u2e80"
    except UnicodeDecodeError:
        return False


def parse_xml(body: bytes, content_type: str = "") -> Element:
    """The root of an XML body. Raises ``OnvifError`` ("too_large", "dtd", "xml")."""
    if len(body) > MAX_BODY:
        raise OnvifError("too_large")
    text = decoded(body, content_type).strip(_PADDING)
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise OnvifError("dtd")
    tags = text.count("<")
    if tags > MAX_TAGS:
        raise OnvifError("too_large")
    declaration = _DECLARATION.match(text)
    data = (text[declaration.end() :] if declaration else text).lstrip().encode("utf-8", "replace")
    try:
        root = etree.fromstring(data, _PARSER)
    except (etree.XMLSyntaxError, ValueError):
        raise OnvifError("xml") from None
    if tags > 2 * MAX_DEPTH:
        _check_depth(root)
    return root


def _check_depth(root: Element) -> None:
    depth = 0
    for event, _ in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if depth > MAX_DEPTH:
            raise OnvifError("too_large")


def child(element: Element, *names: str) -> Element | None:
    """The element down the path of local ``names``, first of each; None when one is missing."""
    found: Element | None = element
    for name in names:
        found = next(found.iterchildren("{*}" + name), None)  # type: ignore[union-attr]
        if found is None:
            return None
    return found


def children(element: Element, name: str, most: int) -> list[Element]:
    """The children with that local name. Raises ``OnvifError`` ("too_large") when there are more than ``most``."""
    found = list(element.iterchildren("{*}" + name))
    if len(found) > most:
        raise OnvifError("too_large")
    return found


def text_of(element: Element, *names: str, most: int = MAX_TEXT) -> str:
    """The text down the path, on one line, without blanks at its ends, at most ``most`` characters; "" without."""
    found = child(element, *names)
    if found is None or not found.text:
        return ""
    return " ".join(found.text[: 4 * most].split())[:most]


def number_of(element: Element, *names: str) -> int | None:
    """The whole number down the path, -999999999..999999999, else None. ``25.0`` counts as 25."""
    found = re.match(r"([+-]?\d{1,9})(?:\.\d{0,9})?\Z", text_of(element, *names), re.ASCII)
    return int(found[1]) if found else None


def attribute(element: Element, name: str, most: int = MAX_TEXT) -> str:
    """The attribute ``name`` (no namespace), at most ``most`` characters; "" without."""
    value = element.get(name)
    return value[:most].strip() if isinstance(value, str) else ""


def open_envelope(body: bytes, content_type: str = "") -> tuple[Element, Element | Fault]:
    """The envelope, and its Body or the fault in it. Raises ``OnvifError``."""
    root = parse_xml(body, content_type)
    if str(root.tag).rpartition("}")[2] != "Envelope":
        raise OnvifError("soap")
    inner = child(root, "Body")
    if inner is None:
        raise OnvifError("soap")
    fault = child(inner, "Fault")
    return root, inner if fault is None else _fault(fault)


def answer_of(body: bytes, name: str, content_type: str = "") -> Element | Fault:
    """The element ``name`` in the Body, or the fault. Raises ``OnvifError`` ("answer" when there is neither)."""
    inner = open_envelope(body, content_type)[1]
    if isinstance(inner, Fault):
        return inner
    found = child(inner, name)
    if found is None:
        raise OnvifError("answer")
    return found


def _fault(fault: Element) -> Fault:
    code = child(fault, "Code")
    if code is None:  # SOAP 1.1
        said = _local(text_of(fault, "faultcode")).split(".")
        head, *subcodes = [_CODES.get(name.lower(), name) for name in said]
        return Fault(head, tuple(subcodes[:MAX_SUBCODES]), text_of(fault, "faultstring"))
    found: list[str] = []
    inner = child(code, "Subcode")
    while inner is not None and len(found) < MAX_SUBCODES:
        found.append(_local(text_of(inner, "Value")))
        inner = child(inner, "Subcode")
    head = _local(text_of(code, "Value"))
    return Fault(_CODES.get(head.lower(), head), tuple(found), text_of(fault, "Reason", "Text"))


def _local(name: str) -> str:
    return name.rpartition(":")[2].strip()
