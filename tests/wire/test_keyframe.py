"""RFC 6184 and RFC 7798: from packets to the first whole key picture, and never to half of one."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camerahub.wire.keyframe import CODECS, KeyFrameReader, Limits, Unsupported
from camerahub.wire.sdp import parse_sdp
from tests.wire import nals
from tests.wire.nals import I, P, media, pictures, pps, read, recovery, slice_264, slice_265, sps
from tests.wire.packing import (
    Packet,
    ap_265,
    fu_265,
    fu_a,
    joined,
    numbered,
    picture,
    single_265,
    stap_a,
)

SETS = (sps(), pps())
SETS_265 = (nals.vps_265(), nals.sps_265(), nals.pps_265())
IDR = slice_264(body=bytes(range(1, 200)))
DELTA = slice_264(slice_type=P, nal_type=1, body=b"\x71" * 30)
KEY_265 = slice_265(body=bytes(range(1, 200)))
DELTA_265 = slice_265(nal_type=1)


def h264(*payloads: list[bytes]) -> list[bytes]:
    """Packets of H.264 pictures, each a list of payloads, the marker on the last."""
    return numbered([p for at, one in enumerate(payloads) for p in picture(one, 3600 * at)])


def idr_slices(count: int, **kwargs: int) -> list[bytes]:
    """An IDR picture in ``count`` slices."""
    return [slice_264(40 * at, body=bytes([at + 1]) * 50, **kwargs) for at in range(count)]


@pytest.mark.parametrize(
    "payloads",
    [
        [*SETS, IDR],
        [*SETS, *fu_a(IDR, (50,))],
        [stap_a(SETS), *fu_a(IDR, (1, 7, 500))],
        [stap_a([*SETS, IDR])],
        [b"\x09\x10", *SETS, b"\x06\x05\x01\x00\x80", IDR],
        [*fu_a(sps(), (2,)), pps(), IDR],  # nothing forbids a parameter set in fragments
        [joined([*SETS, IDR])],  # start codes on the wire, as some cameras send
        [sps() + joined([pps(), IDR])],  # the whole picture inside the unit of the SPS
        fu_a(sps() + joined([pps(), IDR]), (60,)),
    ],
)
def test_h264_in_every_packing(payloads: list[bytes]) -> None:
    assert pictures("H264", h264(payloads)) == [joined([*SETS, IDR])]


def test_the_marker_ends_a_picture_without_waiting() -> None:
    reader = KeyFrameReader(media("H264", SETS))
    packets = h264(fu_a(IDR, (50,)))
    assert [reader.packet(packet) for packet in packets[:-1]] == [None] * (len(packets) - 1)
    found = reader.packet(packets[-1])
    assert found is not None
    assert found == ("H264", joined([*SETS, IDR]), len(packets), sum(len(p) - 12 for p in packets), True)


def test_units_around_the_packet_are_stepped_over() -> None:
    packets = [
        bytes(Packet(IDR, 9, True, extension=(0xBEDE, b"\1\2\3\4"), csrc=2, padding=7)),
        bytes(Packet(IDR, 9, True, number=1, payload_type=97)),
    ]
    reader = KeyFrameReader(media("H264", SETS))
    assert [one.data for one in read(reader, packets)] == [joined([*SETS, IDR])]
    assert reader.figures.ignored == 1


@pytest.mark.parametrize("kind", [25, 26, 27, 29, 0, 30, 31])
def test_what_is_not_read_is_stepped_over(kind: int) -> None:
    """STAP-B, MTAP16, MTAP24, FU-B and reserved (RFC 6184 table 1)."""
    reader = KeyFrameReader(media("H264", SETS))
    assert len(read(reader, h264([bytes((0x60 | kind,)) + b"\x85abc"], [IDR]))) == 1
    assert reader.figures.unread == 1


@pytest.mark.parametrize("mode", ["right", "never", "every"])
@pytest.mark.parametrize("count", [1, 2, 5])
def test_several_slices_and_three_kinds_of_marker(mode: str, count: int) -> None:
    units = [*SETS, *idr_slices(count)]
    packets = [p for at in range(2) for p in picture(units, at)]
    packets = [
        Packet(p.payload, p.timestamp, {"right": p.marker, "never": False, "every": True}[mode])
        for p in packets
    ]
    found = pictures("H264", numbered([*packets, Packet(DELTA, 2, mode != "never")]))
    assert found == [joined(units)] * 2


@pytest.mark.parametrize("marked", [True, False])
@pytest.mark.parametrize("codec", ["H264", "H265"])
def test_parameter_sets_between_slices_end_nothing(codec: str, marked: bool) -> None:
    """GStreamer's payloaders with config-interval=-1 repeat them before every slice of an IDR picture, under its
    timestamp (RFC 6184 section 5.1, RFC 7798 section 4.1)."""
    sets = SETS if codec == "H264" else SETS_265
    slices = idr_slices(3) if codec == "H264" else [KEY_265, slice_265(first=False), slice_265(first=False)]
    units = [nal for one in slices for nal in (*sets, one)]
    packets = [Packet(nal, 1000, marked and nal is slices[-1]) for nal in units]
    packets.append(Packet(sets[0], 4600))
    assert pictures(codec, numbered(packets)) == [joined([*sets, *slices])]


def test_a_set_between_slices_may_come_in_fragments_but_whole() -> None:
    first, second = idr_slices(2)
    cut = fu_a(sps(), (2,))
    for inserted, expected in ((cut, [joined([*SETS, first, second])]), (cut[:-1], [])):
        units = [*SETS, first, *inserted, second]
        packets = [Packet(nal, 1000, nal is second) for nal in units]
        assert pictures("H264", numbered(packets)) == expected


@pytest.mark.parametrize("behind", [pps(0, 7), pps(0, tail=b"\x13"), sps(tail=b"\x14")])
def test_a_set_behind_the_slices_is_of_the_next_picture(behind: bytes) -> None:
    """A PPS that is replaced, even by one whose SPS nobody has, changes nothing of what came before it."""
    one = [Packet(nal, 1000, False) for nal in (*SETS, IDR, behind)]
    assert pictures("H264", numbered([*one, Packet(DELTA, 4600)])) == [joined([*SETS, IDR])]
    first, second = idr_slices(2)
    two = [Packet(nal, 1000, nal is second) for nal in (*SETS, first, behind, second)]
    assert pictures("H264", numbered(two)) == []  # no picture changes its parameters half way (7.4.1.2.1)


def test_sets_between_slices_take_from_the_room_of_the_picture() -> None:
    large = sps(tail=b"\x11" * 900)
    first, second = idr_slices(2)
    reader = KeyFrameReader(media("H264", SETS), Limits(picture=800))
    packets = [Packet(nal, 1000, nal is second) for nal in (first, large, second)]
    assert read(reader, numbered(packets)) == []
    assert reader.figures.too_large == 1


def test_a_marker_inside_a_picture_is_learned_from_any_picture() -> None:
    delta = [slice_264(at, P, 1) for at in (0, 40)]
    packets = [Packet(nal, at, True) for at, one in enumerate((delta, idr_slices(3), delta)) for nal in one]
    assert pictures("H264", numbered(packets), SETS) == [joined([*SETS, *idr_slices(3)])]


def test_slices_of_one_packet_say_nothing_of_the_marker() -> None:
    """Only the last unit of a packet could have had it: two packets of two slices, both marked, are one picture."""
    slices = idr_slices(4)
    packets = [Packet(nal, 1, True) for nal in (*SETS, stap_a(slices[:2]), stap_a(slices[2:]))]
    assert pictures("H264", numbered([*packets, Packet(DELTA, 2, True)])) == [joined([*SETS, *slices])]


def test_an_unmarked_picture_needs_the_next_one() -> None:
    reader = KeyFrameReader(media("H264", SETS))
    assert read(reader, numbered([Packet(nal, 1) for nal in idr_slices(3)])) == []
    assert reader.reason() == "no_keyframe"


@pytest.mark.parametrize("missing", range(1, 5))
def test_a_hole_inside_drops_the_picture_and_the_next_is_taken(missing: int) -> None:
    packets = h264([DELTA], fu_a(IDR, (40,)), [DELTA], idr_slices(2))
    del packets[missing]
    reader = KeyFrameReader(media("H264", SETS))
    assert [one.data for one in read(reader, packets)] == [joined([*SETS, *idr_slices(2)])]
    assert reader.figures.lost == 1


def test_a_hole_outside_costs_nothing() -> None:
    packets = h264([DELTA], [DELTA], fu_a(IDR, (40,)), [DELTA], [DELTA])
    del packets[-2], packets[1]
    assert pictures("H264", packets, SETS) == [joined([*SETS, IDR])]


def test_a_stream_joined_inside_a_picture() -> None:
    whole = fu_a(IDR, (40,))
    packets = h264(whole, idr_slices(3), [*SETS, IDR])
    assert pictures("H264", packets[2:], SETS) == [joined([*SETS, *idr_slices(3)]), joined([*SETS, IDR])]
    assert pictures("H264", packets[len(whole) + 1 :], SETS) == [joined([*SETS, IDR])]


def test_a_unit_whose_end_never_came_spoils_the_picture() -> None:
    cut = fu_a(IDR, (40,))[:-1]
    assert pictures("H264", h264([*cut, slice_264(40)], [IDR]), SETS) == [joined([*SETS, IDR])]
    assert pictures("H264", h264(cut, [DELTA], [IDR]), SETS) == [joined([*SETS, IDR])]
    assert pictures("H264", h264([IDR[:1], *fu_a(IDR, (40,))[1:]], [IDR]), SETS) == [joined([*SETS, IDR])]


def test_parameter_sets_in_band_win_and_replace() -> None:
    old, new, newer = (sps(tail=tail) for tail in (b"\x21", b"\x22", b"\x23"))
    packets = h264([new, pps(), IDR], [newer, IDR])
    assert pictures("H264", packets, (old, pps())) == [joined([s, pps(), IDR]) for s in (new, newer)]


def test_only_the_parameter_sets_a_picture_needs_go_with_it() -> None:
    known = (sps(0), sps(1), pps(0, 0), pps(1, 1), pps(2, 1))
    two = [slice_264(0, parent=1), slice_264(40, parent=2)]
    assert pictures("H264", h264(two), known) == [joined([sps(1), pps(1, 1), pps(2, 1), *two])]


def test_without_its_parameter_sets_a_picture_is_none() -> None:
    reader = KeyFrameReader(media("H264", (sps(), pps(1))))
    assert [one.data for one in read(reader, h264([IDR], [sps(3), pps(0, 3), IDR]))] == [
        joined([sps(3), pps(0, 3), IDR])
    ]
    assert reader.figures.without_sets == 1


def test_open_gop_with_a_recovery_point() -> None:
    """An I picture behind a recovery point SEI of 0 frames is an entry (H.264 D.2.8)."""
    entry = [slice_264(at, I, 1, body=b"\x31" * 9) for at in (0, 40)]
    assert pictures("H264", h264([DELTA], [recovery(), *entry], [DELTA]), SETS) == [
        joined([*SETS, recovery(), *entry])
    ]
    assert pictures("H264", h264([DELTA], [recovery(7), *entry], [DELTA]), SETS) == []


def test_i_pictures_of_a_camera_without_idr() -> None:
    entry = [slice_264(at, I, 1) for at in (0, 40)]
    mixed = [entry[0], slice_264(40, P, 1)]
    limits = Limits(patience=3)
    stream = [entry, [DELTA], [DELTA], entry, mixed]
    assert pictures("H264", h264(*stream), SETS, limits=limits) == [joined([*SETS, *entry])]
    assert pictures("H264", h264(*stream[:2], [IDR], *stream[1:]), SETS, limits=limits) == [
        joined([*SETS, IDR])
    ]


def test_intra_refresh_ends_as_no_keyframe() -> None:
    refresh = [slice_264(0, 5, 1), slice_264(40, 7, 1)]
    reader = KeyFrameReader(media("H264", SETS))
    assert read(reader, h264([recovery(30), *refresh], *[refresh] * 60)) == []
    assert reader.reason() == "no_keyframe"
    assert reader.figures.delta_slices == 61
    assert reader.figures.pictures == 61


def test_no_packets_and_only_parameter_sets_are_no_media() -> None:
    reader = KeyFrameReader(media("H264"))
    assert reader.reason() == "no_media"
    read(reader, h264(*[list(SETS)] * 20))
    assert reader.reason() == "no_media"
    assert reader.figures.parameter_sets == 40


def test_another_grammar_under_the_name_of_h264() -> None:
    """SVAC sets the bit that H.264 forbids in every unit (GB/T 25724)."""
    reader = KeyFrameReader(media("H264", SETS))
    assert read(reader, h264(*[[bytes((0x80 | 0x40 | at,)) + b"\x99" * 50] for at in range(20)])) == []
    assert reader.reason() == "codec_unsupported"
    assert reader.figures.forbidden == 20


def test_too_much_is_dropped_and_counted() -> None:
    limits = Limits(picture=1000, parameter_set=100, sets=2)
    large = slice_264(body=b"\x44" * 1100)
    reader = KeyFrameReader(media("H264", SETS), limits)
    stream = h264(
        fu_a(large, (50,)), [large], [sps(tail=b"\x11" * 200)], [pps(1), pps(2)], [slice_264(parent=2)]
    )
    assert [one.data for one in read(reader, stream)] == [joined([SETS[0], pps(2), slice_264(parent=2)])]
    assert (reader.figures.too_large, reader.figures.refused_sets) == (2, 2)


def test_many_tiny_fragments_are_bounded_too() -> None:
    limits = Limits(picture=1 << 20)
    reader = KeyFrameReader(media("H264", SETS), limits)
    start, middle = fu_a(IDR, (100,))[0], fu_a(IDR, (5,))[1]
    packets = numbered([Packet(start, 1), *[Packet(middle, 1)] * 20_000])
    tracemalloc.start()
    try:
        assert read(reader, packets) == []
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert reader.figures.too_large == 1
    assert most < 1.2 * limits.picture


# --- H.265


@pytest.mark.parametrize("donl", [b"", b"\1\2"])
@pytest.mark.parametrize("nal_type", range(16, 22))
def test_h265_in_every_packing(nal_type: int, donl: bytes) -> None:
    key = slice_265(nal_type=nal_type, body=bytes(range(1, 200)))
    fmtp = "sprop-max-don-diff=2" if donl else "sprop-max-don-diff=0"
    for payloads in (
        [*(single_265(nal, donl) for nal in SETS_265), *fu_265(key, (60,), donl)],
        [ap_265(SETS_265, donl), single_265(key, donl)],
        [ap_265([*SETS_265, key], donl)],
    ):
        assert pictures("H265", h264(payloads), fmtp=fmtp) == [joined([*SETS_265, key])]


def test_h265_slices_layers_and_what_is_no_entry() -> None:
    key = [slice_265(), slice_265(False, body=b"\x77" * 20)]
    upper = slice_265(False, layer=1)
    suffix = nals.header_265(40) + b"\x84\x01\x01\x80"
    stream = h264([DELTA_265], [key[0], upper, key[1], suffix], [DELTA_265], [slice_265(nal_type=22)])
    assert pictures("HEVC", stream, SETS_265) == [joined([*SETS_265, *key])]


@pytest.mark.parametrize("layers", range(8))
def test_the_id_of_an_h265_sps_behind_its_sub_layers(layers: int) -> None:
    known = (nals.vps_265(4), nals.sps_265(9, 4, layers), nals.pps_265(17, 9))
    key = slice_265(parent=17)
    assert pictures("H265", h264([key]), known) == [joined([*known, key])]


def test_h265_with_a_hole() -> None:
    packets = h264(fu_265(KEY_265, (50,)), fu_265(KEY_265, (50,)))
    del packets[1]
    assert pictures("H265", packets, SETS_265) == [joined([*SETS_265, KEY_265])]


@pytest.mark.parametrize(
    ("payload", "figure"),
    [
        (bytes((50 << 1, 1)) + b"paci", "unread"),  # RFC 7798 section 4.4.4
        (b"\x26\x01", "unread"),
        (b"\xa6\x01\x80abc", "forbidden"),
        (bytes((0x80 | 49 << 1, 1, 0x93)) + b"abc", "forbidden"),
        (nals.header_265(33) + b"\x01", "refused_sets"),
        (nals.header_265(34), "unread"),
    ],
)
def test_h265_damaged_units_are_counted(payload: bytes, figure: str) -> None:
    reader = KeyFrameReader(media("H265", SETS_265))
    assert [one.data for one in read(reader, h264([payload], [KEY_265]))] == [joined([*SETS_265, KEY_265])]
    assert getattr(reader.figures, figure) == 1


@pytest.mark.parametrize(
    "bad", [b"\x67\x42", b"\x67\x42\xc0\x1e\x00\x01", b"\x68\x00\x00\x00", pps(300), sps(40)]
)
def test_h264_parameter_sets_that_cannot_be_read_are_refused(bad: bytes) -> None:
    """seq_parameter_set_id is 0..31, pic_parameter_set_id 0..255 (H.264 7.4.2.1 and 7.4.2.2)."""
    reader = KeyFrameReader(media("H264", SETS))
    assert len(read(reader, h264([bad], [IDR]))) == 1
    assert reader.figures.refused_sets == 1


@pytest.mark.parametrize(
    ("cut", "count"),
    [(stap_a([*SETS, IDR])[:-1], 0), (stap_a([*SETS, IDR]) + b"\0\7a", 1), (b"\x18", 0), (b"\x18\0\0", 0)],
)
def test_a_cut_aggregate_gives_its_whole_units(cut: bytes, count: int) -> None:
    assert len(pictures("H264", h264([cut]))) == count


# --- what cannot be read


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ("m=video 0 RTP/AVP 99\na=rtpmap:99 SVAC/90000", "codec_unsupported"),
        ("m=video 0 RTP/AVP 99\na=rtpmap:99 SVAC2/90000", "codec_unsupported"),
        ("m=video 0 RTP/AVP 96\na=rtpmap:96 PS/90000", "codec_unsupported"),
        ("m=video 0 RTP/AVP 96\na=rtpmap:96 MP4V-ES/90000", "codec_unsupported"),
        ("m=video 0 RTP/AVP 96\na=rtpmap:96 VP8/90000", "codec_unsupported"),
        ("m=video 0 RTP/AVP 31", "codec_unsupported"),
        ("m=video 0 RTP/AVP 34", "codec_unsupported"),
        ("m=video 0 RTP/AVP 96", "codec_unsupported"),
        ("m=video 0 RTP/SAVP 96\na=rtpmap:96 H264/90000", "encrypted"),
        ("m=video 0 RTP/SAVPF 99\na=rtpmap:99 SVAC/90000", "encrypted"),
        ("m=video 0 UDP/TLS/RTP/SAVP 96\na=rtpmap:96 H264/90000", "encrypted"),
        (
            "m=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x",
            "encrypted",
        ),
        ("a=key-mgmt:mikey x\nm=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000", "encrypted"),
        ("m=video 0 RTP/AVP", "no_media"),
        ("m=audio 0 RTP/AVP 0", "no_media"),
    ],
)
def test_what_cannot_be_read_is_said_at_once(lines: str, reason: str) -> None:
    with pytest.raises(Unsupported) as refused:
        KeyFrameReader(parse_sdp(f"v=0\n{lines}".encode(), "rtsp://h/a").medias[0])
    assert refused.value.reason == reason


def test_the_payload_type_is_that_of_the_codec() -> None:
    text = "v=0\nm=video 0 RTP/AVP 97 100\na=rtpmap:100 H264/90000"
    one = parse_sdp(text.encode(), "rtsp://h/a").medias[0]
    assert (one.payload_type, one.protocol, one.encrypted) == (100, "RTP/AVP", False)
    stream = [bytes(Packet(nal, 1, True, at, payload_type=100)) for at, nal in enumerate([*SETS, IDR])]
    reader = KeyFrameReader(one)
    assert read(reader, stream)[0].data == joined([*SETS, IDR])


# --- any packing, any loss, any bytes


@st.composite
def streams(draw: st.DrawFn, modes: tuple[str, ...]) -> tuple[str, list[Packet], list[bytes]]:
    """Codec, packets, and the key pictures in them; the last picture is no key picture."""
    codec, mode = draw(st.sampled_from(["H264", "H265"])), draw(st.sampled_from(modes))
    first_is_key = draw(st.booleans())
    packets: list[Packet] = []
    keys: list[bytes] = []
    kinds = [first_is_key, *draw(st.lists(st.booleans(), max_size=3)), True, False]
    for at, key in enumerate(kinds):
        units = [_unit(draw, codec, key, index) for index in range(draw(st.integers(1, 4)))]
        before = list(SETS if codec == "H264" else SETS_265) if key else []
        if key:
            keys.append(joined([*before, *units]))
        packets += _packed(draw, codec, mode, [*before, *units], 3600 * at)
    return codec, packets, keys


def _unit(draw: st.DrawFn, codec: str, key: bool, index: int) -> bytes:
    body = bytes([draw(st.integers(1, 255))]) * draw(st.integers(1, 300))
    if codec == "H264":
        return slice_264(30 * index, I if key else P, 5 if key else 1, body)
    return slice_265(not index, 19 if key else 1, body)


def _packed(draw: st.DrawFn, codec: str, mode: str, units: list[bytes], timestamp: int) -> list[Packet]:
    """Each unit alone or in fragments, or together with those before it; markers by ``mode``."""
    out: list[Packet] = []
    while units:
        take = draw(st.integers(1, 3)) if mode != "every" else 1
        together, units = units[:take], units[take:]
        if len(together) > 1:
            parts = [stap_a(together) if codec == "H264" else ap_265(together)]
        elif len(together[0]) > 8 and draw(st.booleans()):
            sizes = draw(st.lists(st.integers(1, 120), min_size=1, max_size=4))
            parts = fu_a(together[0], sizes) if codec == "H264" else fu_265(together[0], sizes)
        else:
            parts = together
        ends = [index == len(parts) - 1 for index in range(len(parts))]
        out += [
            Packet(part, timestamp, end and (mode == "every" or (mode == "right" and not units)))
            for part, end in zip(parts, ends, strict=True)
        ]
    return out


ALL = ("right", "never", "every")


@given(streams(ALL), st.integers(0, 0xFFFF))
def test_any_packing_gives_exactly_the_key_pictures(
    stream: tuple[str, list[Packet], list[bytes]], first: int
) -> None:
    codec, packets, keys = stream
    assert pictures(codec, numbered(packets, first)) == keys


@given(streams(("right", "never")), st.data())
def test_with_any_loss_a_picture_is_exact_or_missing(
    stream: tuple[str, list[Packet], list[bytes]], data: st.DataObject
) -> None:
    codec, packets, keys = stream
    known = SETS if codec == "H264" else SETS_265
    sent = numbered(packets, data.draw(st.integers(0, 0xFFFF)))
    lost = data.draw(st.sets(st.integers(0, len(sent) - 1), max_size=6))
    window = data.draw(st.integers(0, 20))
    kept = [packet for at, packet in enumerate(sent) if at not in lost]
    found = iter(keys)
    for one in pictures(codec, kept, known, limits=Limits(window=window)):
        assert any(one == key for key in found)


@given(streams(ALL), st.data())
def test_any_order_within_the_window_changes_nothing(
    stream: tuple[str, list[Packet], list[bytes]], data: st.DataObject
) -> None:
    codec, packets, keys = stream
    sent = numbered(packets, data.draw(st.integers(0, 0xFFFF)))
    window, count = data.draw(st.integers(1, 16)), len(sent)
    jitter = [0, *data.draw(st.lists(st.integers(0, window - 1), min_size=count - 1, max_size=count - 1))]
    arrival = [sent[i] for i in sorted(range(count), key=lambda i: (i + jitter[i], i))]
    for at in data.draw(st.lists(st.integers(0, count - 1), max_size=5)):
        arrival.insert(at + 1, arrival[at])
    stray = bytes(Packet(IDR, 5, True, source=99))
    arrival.insert(data.draw(st.integers(1, count)), stray)
    found, rest = pictures(codec, arrival, limits=Limits(window=window)), iter(keys)
    assert found[-1] == keys[-1]
    assert all(any(one == key for key in rest) for one in found)  # one call gives one, of several the last


def test_every_codec_of_the_table_has_a_reader() -> None:
    for name, codec in CODECS.items():
        assert KeyFrameReader(media(name)).codec == codec.name
