"""Pages of the simulated web enrollment that a browser walks through: welcome, form, CA certificates, pending list.

Clients read two things here: the template options of certrqxt.asp and ``nRenewals`` of certcarc.asp (certsrv.md §6).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from ucrenew.simulator import certsrv_pages as pages
from ucrenew.simulator.certsrv_pages import Frame


def welcome(frame: Frame) -> str:
    """default.asp: three ways on, none of which a client needs."""
    links = (
        ("certrqus.asp", "locRequestCert", "Request a certificate"),
        ("certckpn.asp", "locCheckPending", "View the status of a pending certificate request"),
        ("certcarc.asp", "locGetCACert", "Download a CA certificate, certificate chain, or CRL"),
    )
    body = [f'<P><A Href="{target}"><LocID ID={name}>{frame.say(text)}</LocID></A></P>' for target, name, text in links]
    return pages.page(frame, "Welcome", body)


def menu(frame: Frame, title: str, links: Sequence[tuple[str, str]]) -> str:
    """A page that a browser walks through on its way to the form."""
    return pages.page(frame, title, [f'<P><A Href="{target}">{frame.say(text)}</A></P>' for target, text in links])


def request_form(frame: Frame, templates: Iterable[tuple[str, str, int]] | None) -> str:
    """certrqxt.asp; each template is short name, display name and minimum key size (§6, field names of IMP).

    A standalone CA has none, and no list of them either [I].
    """
    options = [
        # E; cn; key spec; key, enroll, private key and subject flags; RA signatures; CSPs; OID; versions; display name
        f'\t<Option Value="E;{escape(name)};1;1;0;{minimum << 16};1;0;;;;0;0;{escape(shown)}">{escape(shown)}'
        for name, shown, minimum in templates or ()
    ]
    choice = (
        [
            "<P><Label For=lbCertTemplateID>Certificate Template:</Label>",
            "<Select Name=lbCertTemplate ID=lbCertTemplateID>",
            *options,
            "</Select>",
        ]
        if templates is not None
        else []
    )
    body = [
        '<Form Name=SubmittedData Action="certfnsh.asp" Method=Post OnSubmit="handleSubmit();">',
        '<Input Type=Hidden Name=Mode Value="newreq">',
        '<Input Type=Hidden Name=TargetStoreFlags Value="0">',
        '<Input Type=Hidden Name=SaveCert Value="yes">',
        '<Input Type=Hidden Name=FriendlyType Value="Saved-Request Certificate">',
        "<P><Label For=locTaRequest>Saved Request:</Label>",
        "<TextArea ID=locTaRequest Name=CertRequest Rows=10 Cols=30></TextArea>",
        *choice,
        "<P><Label For=locTaAttrib>Additional Attributes:</Label>",
        "<TextArea ID=locTaAttrib Name=CertAttrib Rows=3 Cols=30></TextArea>",
        f'<P><Input Type=Submit ID=btnSubmit Value="{frame.say("Submit &gt;")}">',
        "</Form>",
    ]
    title = "Submit a Certificate Request or Renewal Request"
    return pages.page(frame, title, body, script=_SUBMIT_SCRIPT)


# What makes the attribute of §2 from the chosen template; the function's name is a guess [I].
_SUBMIT_SCRIPT = (
    '<Script Language="JavaScript">',
    "\tfunction handleSubmit() {",
    "\t\tvar form=document.SubmittedData;",
    "\t\tif (!form.lbCertTemplate) return;",
    '\t\tvar name=form.lbCertTemplate.value.split(";")[1];',
    '\t\tform.CertAttrib.value="CertificateTemplate:"+name+"\\r\\n"+form.CertAttrib.value;',
    "\t}",
    "</Script>",
)


def ca_certificates(frame: Frame, renewals: int) -> str:
    """certcarc.asp: the listbox value v stands for Renewal = nRenewals - v (§6)."""
    options = [
        (
            f'\t<Option Value="0" Selected><LocID ID=locCurCertEntry>{frame.say("Current")}</LocID>'
            f" [{_numbered(frame.ca_name, renewals)}]"
        )
    ]
    options += [
        f'\t<Option Value="{age}">{frame.say("Previous")} [{_numbered(frame.ca_name, renewals - age)}]'
        for age in range(1, renewals + 1)
    ]
    body = [
        "<Form Name=UIForm>",
        "<Select Size=4 Name=lbCaInstance ID=lbCaID>",
        *options,
        "</Select>",
        "<Input Type=Radio ID=rbDerEnc Name=rbEncoding Checked><Label For=rbDerEnc ID=locDerEnc0>DER</Label>",
        "<Input Type=Radio ID=rbB64Enc Name=rbEncoding><Label For=rbB64Enc ID=locB64Enc0>Base 64</Label>",
        f'<P><A Href="#" OnClick="handleGetCert();return false;">{frame.say("Download CA certificate")}</A>',
        f'<P><A Href="#" OnClick="handleGetChain();return false;">{frame.say("Download CA certificate chain")}</A>',
        f'<P><A Href="#" OnClick="handleGetBaseCrl();return false;">{frame.say("Download latest base CRL")}</A>',
        "</Form>",
    ]
    title = "Download a CA Certificate, Certificate Chain, or CRL"
    return pages.page(frame, title, body, script=_ca_script(renewals), title_id="locPageTitle2")


def _numbered(ca_name: str, generation: int) -> str:
    return escape(f"{ca_name}({generation})" if generation else ca_name)


def _ca_script(renewals: int) -> list[str]:
    targets = (
        ("handleGetCert", "certnew.cer?ReqID=CACert&"),
        ("handleGetChain", "certnew.p7b?ReqID=CACert&"),
        ("handleGetBaseCrl", "certcrl.crl?Type=base&"),
    )
    handlers = [
        f'\tfunction {name}() {{ location="{target}Renewal="+getChosenRenewal()+"&"+getEncoding(); }}'
        for name, target in targets
    ]
    return [
        '<Script Language="JavaScript">',
        f"\tvar nRenewals={renewals};",
        *handlers,
        "\tfunction getChosenRenewal() {",
        "\t\tvar list=document.UIForm.lbCaInstance;",
        "\t\treturn nRenewals-list[list.selectedIndex].value;",
        "\t}",
        *pages.ENCODING_SCRIPT,
        "</Script>",
    ]


def pending_list(frame: Frame, entries: Iterable[tuple[str, str]]) -> str:
    """certckpn.asp: what the cookie names, (request id, friendly type), and nothing else (§1 [M])."""
    forms = [
        '<Form Action="certfnsh.asp" Method=Post><Input Type=Hidden Name=Mode Value="chkpnd">'
        f'<Input Type=Hidden Name=ReqID Value="{escape(number)}"><Input Type=Submit Value="{escape(text)}"></Form>'
        for number, text in entries
    ]
    body = forms or [f"<P ID=locNoneFound> {frame.say('You have no pending certificate requests.')}</P>"]
    return pages.page(frame, "View the Status of a Pending Certificate Request", body)
