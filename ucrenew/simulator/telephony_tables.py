"""Phones, groups and enterprise parameters as `run sql` and executeSQLQuery see them.

The names of the tables are general knowledge of the data dictionary, numbers and parameter names guesses: [I] all.
"""

from __future__ import annotations

import sqlite3
import uuid
from typing import TYPE_CHECKING

from ucrenew.simulator.phone import MODELS, Phone

if TYPE_CHECKING:
    from ucrenew.simulator.telephony import Telephony

_NON_SECURE, _ENCRYPTED = 1, 3
_NO_CERTIFICATE, _INSTALLED = 1, 3
_ALL = ["device", "callmanager", "typemodel", "securityprofile"]
_ROOT = uuid.UUID("5f2a3d1e-0000-4000-8000-000000000000")


def key(*parts: object) -> str:
    """The pkid of a thing, the same at every look."""
    return str(uuid.uuid5(_ROOT, "/".join(map(str, parts))))


def fill(connection: sqlite3.Connection, statement: str, telephony: Telephony) -> None:
    """Add the parameters, and the other tables when the statement names one: ten thousand rows cost something."""
    readings, parameters = telephony.readings, telephony.parameters
    connection.executemany(
        "insert into processconfig values (?, ?)",
        [
            (readings.interaction_parameter, "0" if parameters.resets_phones else "1"),
            (readings.rollback_parameter, "T" if parameters.rollback else "F"),
        ],
    )
    if any(name in statement.lower() for name in _ALL):
        _fill_devices(connection, telephony)


def _fill_devices(connection: sqlite3.Connection, telephony: Telephony) -> None:
    connection.executescript(
        """
        create table callmanager(pkid, name, description, fkprocessnode);
        create table callmanagergroup(pkid, name, tftpdefault);
        create table callmanagergroupmember(pkid, fkcallmanagergroup, fkcallmanager, priority integer);
        create table devicepool(pkid, name, fkcallmanagergroup);
        create table device(pkid, name, description, tkclass integer, tkmodel integer, tkdeviceprotocol integer,
                            fkdevicepool, fksecurityprofile, tkcertificatestatus integer);
        create table typemodel(enum integer, name, moniker);
        create table securityprofile(pkid, name, tkdevicesecuritymode integer);
        """
    )
    put = connection.executemany
    nodes = connection.execute("select name, pkid from processnode").fetchall()
    put(
        "insert into callmanager values (?, ?, '', ?)",
        [(key("cm", name), f"CM_{name.partition('.')[0]}", pkid) for name, pkid in nodes if name in telephony.members],
    )
    groups = telephony.groups
    put(
        "insert into callmanagergroup values (?, ?, ?)",
        [(key("group", one.name), one.name, "f" if at else "t") for at, one in enumerate(groups)],
    )
    put(
        "insert into callmanagergroupmember values (?, ?, ?, ?)",
        [
            (key("member", one.name, node), key("group", one.name), key("cm", node), at)
            for one in groups
            for at, node in enumerate(one.nodes)
        ],
    )
    put(
        "insert into devicepool values (?, ?, ?)",
        [(key("pool", one.name), one.name, key("group", one.name)) for one in groups],
    )
    put("insert into typemodel values (?, ?, ?)", [(one.number, one.name, "") for one in MODELS])
    put("insert into securityprofile values (?, ?, ?)", _profiles())
    put("insert into device values (?, ?, ?, 1, ?, ?, ?, ?, ?)", map(_device, telephony.registration.phones.values()))


def profile(phone: Phone) -> str:
    """The name of the phone's security profile."""
    return f"{phone.model.name} - {'Encrypted' if phone.secure else 'Standard'} {phone.model.protocol} Profile"


def _profiles() -> list[tuple[object, ...]]:
    kinds = (("Standard", _NON_SECURE), ("Encrypted", _ENCRYPTED))
    names = [(f"{model.name} - {word} {model.protocol} Profile", mode) for model in MODELS for word, mode in kinds]
    return [(key("profile", name), name, mode) for name, mode in names]


def _device(phone: Phone) -> tuple[object, ...]:
    return (
        key("phone", phone.name),
        phone.name,
        f"Phone {phone.line}",
        phone.model.number,
        {"SCCP": 0, "SIP": 11}[phone.model.protocol],
        key("pool", phone.group.name),
        key("profile", profile(phone)),
        _INSTALLED if phone.lsc else _NO_CERTIFICATE,
    )
