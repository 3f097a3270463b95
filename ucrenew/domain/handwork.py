"""What a person is asked to do instead of us: page, fields, values, file, and the success text to look for.

1. The words are those of the pages (S6-S17); values are the plan's. The same look as ever confirms it afterwards.
2. What no document proves is marked "not proved", so that nobody searches for a word that may not be there.
3. Each text stands by itself: whoever reads it has seen nothing of this renewal before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from cryptography import x509 as crypto

from ucrenew.domain.plan import Plan
from ucrenew.domain.x509 import Signed, common_name, fingerprint, pem

_PAGE = "Cisco Unified Operating System Administration of **{node}**: Security > Certificate Management > **{button}**"
_MULTI_SERVER = "Multi-server(SAN)"


def csr_by_hand(plan: Plan) -> str:
    """Generate the request on the publisher (S6-S9, S11)."""
    fields = {
        "Certificate Purpose": plan.purpose.value,
        "Distribution": _MULTI_SERVER,
        "Common Name": plan.common_name,
        "Auto-populated Domains": _auto_populated(plan),
        "Parent Domain": ", ".join(_beside(plan)) or "empty",
        "Other Domains": ", ".join(plan.extra_names) or "empty",
        "Key Length": str(plan.key_length),
        "Hash Algorithm": plan.hash_algorithm.upper(),
        "Include OU in CSR (from 14SU1)": "yes" if plan.include_ou else "no",
    }
    return _text(
        f"### Generate the {plan.purpose} request of {plan.cluster}",
        _PAGE.format(node=plan.publisher, button="Generate CSR"),
        *_fields(fields),
        "Press **Generate** once. A second request voids the first one (S7).",
        *_look_for(
            "Success: Certificate Signing Request Generated",
            f"CSR export operation successful on the nodes [{', '.join(plan.nodes)}].",
        ),
        "The nodes may stand there in any order, and all of them have to (S9). Nothing has to be downloaded: we read"
        " the request on every node.",
    )


def _auto_populated(plan: Plan) -> str:
    """The nodes; CallManager does not run on some, and those may be left out (S21)."""
    idle = [name for name in plan.nodes if name not in plan.names]
    serving = ", ".join(name for name in plan.nodes if name in plan.names)
    may = f"; {', '.join(idle)}, where CallManager does not run, may be left out (S21)" if idle else ""
    return f"every one of {serving} (S8){may}"


def _beside(plan: Plan) -> Iterator[str]:
    return (name for name in plan.optional_names if name != plan.common_name and name not in plan.nodes)


def submit_by_hand(plan: Plan, csr: crypto.CertificateSigningRequest) -> str:
    """Have the request signed by a Microsoft CA or any other one (S12-S14)."""
    return _text(
        f"### Have the {plan.purpose} request of {plan.cluster} signed",
        f"CA of the profile: {plan.authority}.",
        *_file(f"{plan.purpose}.csr", csr),
        "On a Microsoft CA's pages: **Request a certificate** > **advanced certificate request** > base-64-encoded CMC"
        " or PKCS #10. Put the text above, with its first and last line, into *Saved Request*, choose the template,"
        " press **Submit** once.",
        *_look_for("Certificate Pending", "Your Request Id is 32."),
        "The number is needed for the answer, and to fetch the certificate within 10 days (S14). Where the"
        " certificate is issued at once, download it *Base 64 encoded*.",
        "On any other CA hand over the same text (S12). The certificate has to keep its key, all of its names and no"
        " other ones, server and client authentication, and data encipherment (cucm.md §4.7, §4.8).",
    )


def have_signed_by_hand(plan: Plan, csr: crypto.CertificateSigningRequest, where: str) -> str:
    """Have the request signed by any other CA, and hand the certificate back to us (S12); ``where`` it lies, too."""
    return _text(
        f"### Have the {plan.purpose} request of {plan.cluster} signed, and hand in the certificate",
        f"CA: {plan.authority}.",
        *_file(f"{plan.cluster}-{plan.purpose}.csr", csr),
        where,
        "Hand it in there once. The certificate has to keep its key, all of its names and no other ones, server and"
        " client authentication, and data encipherment (cucm.md §4.7, §4.8).",
        "What comes back goes into the field *certificate*: pasted as it is (PEM, base64 or PKCS#7, alone or with the"
        " CA certificates, in any order), or the name of a file on the worker with it (.cer, .crt, .pem, .p7b). What"
        " the profile's chain file lacks of its issuers has to come with it, up to the root.",
        "Never a private key: the cluster made it, and keeps it.",
    )


def trust_by_hand(plan: Plan, certificate: crypto.Certificate, node: str) -> str:
    """Upload one CA certificate into the trust store (S15, S16)."""
    name = common_name(certificate) or "CA certificate"
    fields = {
        "Certificate Purpose": plan.purpose.trust_store,
        "Description(friendly name)": f"{name}, renewal of {plan.purpose}",
        "Upload File": _file_name(certificate),
    }
    return _text(
        f"### Upload {name} as {plan.purpose.trust_store} on {node}",
        _PAGE.format(node=node, button="Upload Certificate/Certificate chain"),
        *_fields(fields),
        *_file(_file_name(certificate), certificate),
        "The page warns that uploading a cluster-wide certificate distributes it to all servers: that is wanted (S16).",
        *_look_for("Success: Certificate Uploaded"),
        "A certificate of the same name that is not older is not replaced, and no error may be shown (cucm.md §4.8):"
        " we look by fingerprint, on every node.",
    )


def leaf_by_hand(plan: Plan, leaf: crypto.Certificate, node: str) -> str:
    """Upload the cluster's certificate (S17); its CA certificates are in the trust stores before.

    On any one node that has the request, because the key is on all of them (cucm.md §4.6): the publisher, or one that
    the publisher did not reach.
    """
    fields = {
        "Certificate Purpose": plan.purpose.value,
        "Description(friendly name)": "as it is",
        "Upload File": _file_name(leaf),
    }
    nodes = ",".join(plan.nodes)
    return _text(
        f"### Upload the new {plan.purpose} certificate of {plan.cluster} on {node}",
        _PAGE.format(node=node, button="Upload Certificate/Certificate chain"),
        *_windows(plan),
        *_fields(fields),
        *_file(_file_name(leaf), leaf),
        *_look_for(f"Certificate upload operation successful for the nodes {nodes}."),
        "The nodes may stand there in any order, and all of them have to. Below it the page asks to restart services:"
        " do not yet, that is asked for node by node (S19). Do not press *Generate CSR* or *Generate Self-signed*.",
    )


def restart_by_hand(plan: Plan, node: str, services: Sequence[str]) -> str:
    """Restart services on one node, in this order (S19)."""
    return _text(
        f"### Restart {len(services)} service(s) on {node}",
        *_windows(plan),
        f"SSH to **{node}** with the OS administration account, then one command after the other:",
        "\n".join(("```", *(f"utils service restart {service}" for service in services), "```")),
        "Wait for the prompt each time; do not press Ctrl-C, and keep the session open. Tomcat takes minutes.",
        *_look_for(*(f"{service}[STARTED]" for service in services)),
        "Where `[STARTED]` is not the last word, give the same command once more (S19). The next node comes when this"
        f" one serves the new {plan.purpose} certificate: go to no other node.",
    )


def sso_off_by_hand(plan: Plan) -> str:
    """Switch single sign-on off before the leaf is uploaded (S3, cucm.md §2.5, §4.5)."""
    return _text(
        f"### Switch single sign-on off on {plan.cluster}",
        *_windows(plan),
        "First log in once through the recovery URL with a local administrator: from now on it is the only way in.",
        "Then by SSH, node by node; look at the status first, the node before may have switched this one too:",
        *_numbered(f"**{node}**: `utils sso status`, then `utils sso disable`" for node in plan.sso_nodes),
        "What `utils sso disable` asks is not proved: read it before you confirm.",
        "Done when `utils sso status` does not show `SSO Status: SAML SSO Enabled` on any of them. Users log in with"
        " their passwords until it is on again.",
    )


def sso_on_by_hand(plan: Plan) -> str:
    """Switch single sign-on on again after the restarts (S3, cucm.md §4.1 point 10, §4.5, D225746)."""
    nodes = ", ".join(plan.nodes)
    return _text(
        f"### Switch single sign-on on again on {plan.cluster}",
        *_windows(plan),
        "Only the pages can: `utils sso enable` does no more than say so. Their names are not proved.",
        *_numbered((
            "Cisco Unified CM Administration > System > SAML Single Sign-On: export the metadata anew",
            "import them at the identity provider, in the place of the old ones: Tomcat may sign with the new key",
            f"enable it on the same page and run its test: cluster-wide once, else on {', '.join(plan.sso_nodes)}",
            f"by SSH: `utils service restart Cisco Tomcat` on {nodes}, one after the other",
            "then in the same order `utils service restart Cisco UDS Tomcat`, where the node has it",
        )),
        *_look_for("SSO Status: SAML SSO Enabled", "SAML SSO Test Status = passed", "Recovery URL Status = enabled"),
        "These are lines of `utils sso status`; we read them on each node. `Failed to decrypt the secret key` at a"
        " login means that the identity provider still has the old metadata (D225746).",
    )  # fmt: skip


def cleanup_by_hand(plan: Plan, node: str, certificates: Iterable[crypto.Certificate]) -> str:
    """Delete leftovers of one node's trust store (S28, CSCur97909)."""
    store = plan.purpose.trust_store
    rows = (
        f"{common_name(kept)}, serial {kept.serial_number:x}, ends {kept.not_valid_after_utc:%Y-%m-%d},"
        f" SHA-256 `{fingerprint(kept)}`"
        for kept in certificates
    )
    return _text(
        f"### Delete old certificates from {store} on {node}",
        "Exactly these and no other ones; compare the serial number before each:",
        *_numbered(rows),
        f"{_PAGE.format(node=node, button='Find')}, where Certificate is {store}; open one, press **Delete**.",
        *_look_for("You are about to permanently delete this certificate"),
        f"Or by SSH there: `show cert list trust`, then `set cert delete {store} <name>.pem`.",
        "From 11.0 on deleting on one node deletes on all, as one document says and another does not"
        " (cucm_inside.md §B): we look on every node. On IM&P wait 30 minutes after the restarts first. It takes"
        " effect when Cisco Tomcat next starts.",
    )


def _text(*paragraphs: str) -> str:
    return "\n\n".join(paragraphs) + "\n"


def _windows(plan: Plan) -> tuple[str, ...]:
    """For what users notice: when it may be done (S22)."""
    return (f"**Only within: {'; '.join(plan.windows)}.**",) if plan.windows else ()


def _fields(fields: Mapping[str, str]) -> tuple[str, ...]:
    rows = (f"| {name} | {value} |" for name, value in fields.items())
    return ("\n".join(("| field | value |", "|---|---|", *rows)),)


def _file(name: str, signed: Signed) -> tuple[str, ...]:
    return (f"The file `{name}` (SHA-256 of its DER `{fingerprint(signed)}`):", f"```pem\n{pem(signed)}```")


def _file_name(certificate: crypto.Certificate) -> str:
    """A name that says what it is and has no character that a disk or a browser dislikes."""
    plain = "".join(letter if letter.isalnum() or letter in ".-" else "_" for letter in common_name(certificate))
    return f"{plain or 'certificate'}.pem"


def _look_for(*texts: str) -> tuple[str, ...]:
    return ("\n".join(("Look for:", "", *(f"- `{text}`" for text in texts))),)


def _numbered(lines: Iterable[str]) -> tuple[str, ...]:
    return ("\n".join(f"{number}. {line}" for number, line in enumerate(lines, start=1)),)
