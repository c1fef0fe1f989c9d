"""The fields of IOM's Human Trafficking Case Data Standard 2.0 and the names that its form uses for them instead.

The standard (CC BY 4.0, IOM) disagrees with its own toolkit. What is done about each defect (DOMAIN 2.1):

1. names of the form that differ from the list are aliases;
2. choices are trimmed, several of them are separated by spaces;
3. control methods that are defined but cannot be selected are accepted as extension codes;
4. choice names that drifted become the list's;
5. `Unaquainted` is the standard's own spelling: the right one is read, the standard's is kept;
6. citizenship may be one or several, and `NA` is Namibia: text is never read as null;
7. `prs_Title`, which the form labels "Second Name", must be a title; reasons of referral must be of the list;
8. the guidance's list of migrants is not adopted: there is no field for it;
9. places and organisations are free text here: they are read over and never leave;
10. forced criminality, which has no value, is an extension code.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Final

from schemas.codelists import listing
from schemas.scalars import AGENCY

Value = str | bool | date | tuple[str, ...]

_ALIASES = {
    "prs_First_Name": "prs_FirstName",
    "prs_Middle_Name": "prs_MiddleName",
    "prs_Second_Name": "prs_SecondName",
    "vic_Methods_of_Control": "vic_MethodsOfControl",
}
_CHOICE_ALIASES = {
    "PsychoactiveSubstances": "PsychoactiveSubstance",
    "ThreatOfLawEnforcement": "ThreatsLawEnforcement",
    "Threats": "PhysicalThreats",
    "Unacquainted": "Unaquainted",
}
CONTROL_EXTENSIONS: Final = ("RestrictsMovement", "UsesChildren")
EXPLOITATION_EXTENSIONS: Final = ("ForcedCriminality",)
"""Scam compounds: purpose.crime of UU 21/2007 practice."""

_APPS = (
    *("Facebook", "Instagram", "WhatsApp", "Telegram", "FacebookMessenger", "Viber", "SnapChat", "Line"),
    *("4Sale", "WeChat", "QQ", "QZone", "TikTok", "Twitter", "Other"),
)
_INDUSTRIES = (
    "A_AgricultureForestryAndFishing",
    "B_MiningAndQuarrying",
    "C_Manufacturing",
    "D_ElectricityGasSteamAndAirConditioningSupply",
    "E_WaterSupplySewerageWasteManagement",
    "F_Construction",
    "G_WholesaleAndRetailTradeRepairOfMotorVehicles",
    "H_TransportationAndStorage",
    "I_AccommodationAndFoodServiceActivities",
    "J_InformationAndCommunication",
    "K_FinancialAndInsuranceActivities",
    "L_RealEstateActivities",
    "M_ProfessionalScientificAndTechnicalActivities",
    "N_AdministrativeAndSupportServiceActivities",
    "O_PublicAdministrationAndDefence",
    "P_Education",
    "Q_HumanHealthAndSocialWorkActivities",
    "R_ArtsEntertainmentAndRecreation",
    "S_OtherServiceActivities",
    "T_ActivitiesOfHouseholdsAsEmployers",
    "U_ActivitiesOfExtraterritorialOrganizations",
)
_REFERRAL_REASONS = ("AdditionalServicesRequired", "MigrationOrChangeOfLocation", "Other")
_GIVEN_BY = ("self", "parent", "guardian", "court", "social_worker_child_best_interest")

_ONE: Mapping[str, tuple[str, ...]] = {
    "prs_Gender": (
        *("Feminine", "Masculine", "TransgenderFeminine", "TransgenderMasculine"),
        *("NonConforming", "NonSpecifiedUnknown"),
    ),
    "prs_MaritalStatus": ("Single", "Married", "Widowed", "Divorced", "Separated", "RegisteredPartnership"),
    "prs_HighestLevelOfEducation": (
        "EarlyChildhoodEducation",
        "PrimaryEducation",
        "LowerSecondaryEducation",
        "UpperSecondaryEducation",
        "PostSecondaryNonTertiaryEducation",
        "ShortCycleTertiaryEducation",
        "BachelorsOrEquivalentLevel",
        "MastersOrEquivalentLevel",
        "DoctoralOrEquivalentLevel",
    ),
    "prs_Title": ("Mr", "Mrs", "Ms", "Miss", "Mx", "Dr", "Bapak", "Ibu", "Sdr", "Sdri"),
    "vic_TraffickingStatus": (
        "PossibleVictimOfTrafficking",
        "ActualVictimOfTrafficking",
        "NotAVictimOfTrafficking",
    ),
    "vic_TraffickingStatusDecisionMakingOrg": (
        *("Police", "NGO", "CourtOrProsecution", "NonPoliceGovernmentalOrganization", "Other"),
    ),
    "vic_RelationshipToTrafficker": ("Familial", "Acquainted", "Unaquainted"),
    "vic_ForcedLabourIndustry": _INDUSTRIES,
    "cas_Status": ("Active", "FollowUp", "Closed", "ClosedReferred"),
    "cas_ReasonForIncomingReferral": _REFERRAL_REASONS,
    "cas_ReasonForOutgoingReferral": _REFERRAL_REASONS,
    "hte_Type": ("Recruitment", "Transit", "Exploitation"),
    "spl_Type": (
        *("Education", "Financial", "Health", "LabourExploitationRehabilitation", "Legal", "Livelihood"),
        *("RightsBasedTraining", "SexualExploitationRehabilitation", "SocialCare"),
    ),
    "sim_ConsentChange": ("granted", "narrowed", "withdrawn", "expired", "none"),
    "sim_GivenBy": _GIVEN_BY,
    "sim_WithheldReason": ("fear_of_harm", "will_tell_themselves", "other"),
}
_MANY: Mapping[str, tuple[str, ...]] = {
    "vic_RecruitmentWebsitesAndApps": _APPS,
    "vic_ExploitationWebsitesAndApps": _APPS,
    "vic_MethodOfRecruitment": (
        "AtAPlaceOfBusiness",
        "AtAnEducationalInstitution",
        "AtWork",
        "ThroughOnlineSocialNetworks",
        "ThroughAnOnlineAdvertisement",
        "ThroughATelevisionAdvert",
        "ThroughANewspaperAdvert",
        "ThroughFamilyOrFamilyEvents",
        "ThroughFriendsOrSocialEvents",
        "Other",
    ),
    "vic_MethodsOfControl": (
        *("PhysicalThreats", "ThreatsLawEnforcement", "ThreatensChildrenFamily", "DebtBondage", "FalsePromises"),
        *("PhysicalAbuse", "SexualAbuse", "TakesEarnings", "RestrictsFinancialAccess", "RestrictsMedicalCare"),
        *("WithholdsNecessities", "PsychologicalAbuse", "PsychoactiveSubstance", "ExcessiveWorkingHours"),
        *("WithholdsDocuments", "Other", *CONTROL_EXTENSIONS),
    ),
    "vic_TypeOfExploitation": (
        *("ForcedLabour", "SexualExploitation", "ChildLabour", "ForcedMarriage", "Servitude"),
        *("ForcedMilitaryByNonStateActors", "OrganRemoval", "ForcedBegging", "ForcedAdoption", "Surrogacy"),
        *("Other", *EXPLOITATION_EXTENSIONS),
    ),
    "vic_TypeOfSexExploitation": (
        *("Prostitution", "Pornography", "RemoteInteractiveServices", "PrivateSexualServices"),
    ),
    "vic_Vulnerabilities": (
        *("Addiction", "SocialGroup", "Discrimination", "Poverty", "DisabilityAndPhysicalHealth", "MentalHealth"),
        *("Migration", "Homelessness", "AbuseSocialMedia", "AbusePhysical", "Education", "WorkEnvironment"),
    ),
    "per_RoleInProcess": (
        *("TravellingPartner", "Transporter", "RecruiterOrIntermediary", "BrokerTravelAgent"),
        *("TransferredIndividual", "HarbouredIndividual", "SoldIndividual", "BoughtIndividual"),
        *("ReceivedIndividual", "ControlledIndividual", "Smuggler", "Abuser", "Kidnapper", "Exploiter", "Other"),
    ),
}
_DATES = (
    *("prs_Birthdate", "cas_IncomingReferralDate", "cas_OutgoingReferralDate", "hte_Date"),
    *("spl_PlannedEndDate", "spl_ActualEndDate"),
)
_SWITCHES = (
    *("prs_Deceased", "vic_AgreementToManagePersonalData", "con_Consent"),
    *("sim_GuardianConflict", "sim_Assent"),
)
_PATTERNS = {
    "prs_MobilePhone": r"\+?[1-9][0-9]{1,14}",
    "prs_HomePhone": r"\+?[1-9][0-9]{1,14}",
    "org_Phone": r"\+?[1-9][0-9]{1,14}",
    "prs_MailingCountry": r"[A-Z]{2}",
    "prs_PrimaryLanguage": r"[a-z]{2,3}",
    "prs_SecondaryLanguage": r"[a-z]{2,3}",
    "prs_NumberOfChildren": r"[0-9]{1,2}",
    "vic_AgeWhenTrafficked": r"[0-9]{1,3}",
    "sim_Case": r"[^\x00-\x1f]{1,200}",
    "sim_PersonRef": r"[A-Za-z][A-Za-z0-9._-]{0,63}",
}
_COMPARTMENT = "(?:identity|narrative|place|network|health|docs|safe_contact)"
SCOPE: Final = (
    "(?:protection|investigation|prevention|statistics|public|rights|control):"
    f"(?:{'|'.join(role.code for role in listing('roles').codes)}):"
    rf"{_COMPARTMENT}(?:\+{_COMPARTMENT})*"
)
"""`purpose:role:compartment+compartment`: one answer to what somebody agrees to."""
_LISTS = {
    "prs_Citizenship": r"[A-Z]{2}",
    "sim_Scopes": SCOPE,
    "sim_WithheldFrom": AGENCY,
}
_TEXTS = (
    *("org_Name", "org_ShippingCity", "org_ShippingCountry", "org_ShippingState", "org_ShippingStreet"),
    *("org_ShippingPostalCode", "org_ShippingLongitude", "org_ShippingLatitude", "org_Type"),
    *("prs_Salutation", "prs_FirstName", "prs_MiddleName", "prs_SecondName", "prs_IdentityNumber", "prs_Email"),
    *("prs_MailingCity", "prs_MailingState", "prs_MailingStreet", "prs_MailingPostalCode"),
    *("prs_MailingLongitude", "prs_MailingLatitude", "vic_LocationOfRecruitment", "vic_LocationOfExploitation"),
    *("vic_DetailsOfVulnerabilities", "per_RoleDetails", "cas_ReasonForCaseClosure", "cas_CaseOwner"),
    *("cas_ReferringOrganisation", "cas_ReferringPrimaryCaseWorker", "cas_IncomingReferralDetails"),
    *("cas_ReferredOrganisation", "cas_ReferredPrimaryCaseWorker", "cas_OutgoingReferralDetails"),
    *("cco_CaseComment", "hte_Longitude", "hte_Latitude", "hte_City", "hte_Country", "hte_State", "hte_Street"),
    *("hte_PostalCode", "hte_Description", "spl_Objectives", "spl_ActionPlan"),
)
_PREFIXED = re.compile(r"(org|prs|vic|per|cas|cco|hte|spl|con|sim)_.*", re.DOTALL)
_TRUE = {"TRUE", "OK", "YES"}
_FALSE = {"FALSE", "NO"}


def canonical(name: str) -> str:
    """Return the standard's name of a field, out of its groups: Kobo writes `group/field`."""
    last = name.rsplit("/", maxsplit=1)[-1]
    return _ALIASES.get(last, last)


def is_ours(name: str) -> bool:
    """Say whether a name claims to be a field of the standard, or of our extension `sim_…`."""
    return _PREFIXED.fullmatch(name) is not None


def read(name: str, raw: object) -> tuple[Value | None, str]:
    """Read the value of a field.

    Args:
        name: its canonical name.
        raw: what the form's server gave.

    Returns:
        The value, None where there is none; and the code of what is wrong, or nothing.
    """
    reader = FIELDS.get(name)
    if reader is None:
        return None, "adapter.field-unknown"
    if raw is None or raw == "":
        return None, ""
    return reader(raw)


def _text(raw: object) -> tuple[Value | None, str]:
    if not isinstance(raw, str):
        return None, "adapter.value-form"
    return raw.strip(), ""


def _shaped(pattern: str) -> Callable[[object], tuple[Value | None, str]]:
    shape = re.compile(pattern)

    def check(raw: object) -> tuple[Value | None, str]:
        text = str(raw) if isinstance(raw, int) and not isinstance(raw, bool) else raw
        if not isinstance(text, str) or shape.fullmatch(text.strip()) is None:
            return None, "adapter.value-form"
        return text.strip(), ""

    return check


def _words(raw: object) -> list[str] | None:
    """Split a multi-select: XForms separate by spaces, exports of other tools give a list."""
    if isinstance(raw, list) and all(isinstance(one, str) for one in raw):
        return [one.strip() for one in raw if one.strip()]
    return raw.split() if isinstance(raw, str) else None


def _several(allowed: Callable[[str], bool]) -> Callable[[object], tuple[Value | None, str]]:
    def check(raw: object) -> tuple[Value | None, str]:
        words = _words(raw)
        if words is None:
            return None, "adapter.value-form"
        known = tuple(dict.fromkeys(_CHOICE_ALIASES.get(word, word) for word in words))
        return (known, "") if all(allowed(word) for word in known) else (None, "adapter.value-unknown")

    return check


def _single(choices: tuple[str, ...]) -> Callable[[object], tuple[Value | None, str]]:
    def check(raw: object) -> tuple[Value | None, str]:
        if not isinstance(raw, str):
            return None, "adapter.value-form"
        word = _CHOICE_ALIASES.get(raw.strip(), raw.strip())
        return (word, "") if word in choices else (None, "adapter.value-unknown")

    return check


def _switch(raw: object) -> tuple[Value | None, str]:
    word = str(raw).strip().upper()
    if word in _TRUE or word in _FALSE:
        return word in _TRUE, ""
    return None, "adapter.value-unknown"


def _date(raw: object) -> tuple[Value | None, str]:
    if not isinstance(raw, str) or re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", raw.strip()) is None:
        return None, "adapter.value-form"
    try:
        return date.fromisoformat(raw.strip()), ""
    except ValueError:
        return None, "adapter.value-form"


FIELDS: Final[Mapping[str, Callable[[object], tuple[Value | None, str]]]] = MappingProxyType(
    {
        **dict.fromkeys(_TEXTS, _text),
        **dict.fromkeys(_DATES, _date),
        **dict.fromkeys(_SWITCHES, _switch),
        **{name: _single(choices) for name, choices in _ONE.items()},
        **{name: _several(frozenset(choices).__contains__) for name, choices in _MANY.items()},
        **{name: _shaped(pattern) for name, pattern in _PATTERNS.items()},
        **{
            name: _several(lambda word, shape=re.compile(pattern): shape.fullmatch(word) is not None)  # type: ignore[misc]
            for name, pattern in _LISTS.items()
        },
    }
)
"""Every field of the standard, and of our extension, with what reads it."""
