"""The people of the demo: user name, full name, role."""

PEOPLE = (
    ("noa.levi", "Noa Levi", "compliance_officer"),
    ("tom.brandt", "Tom Brandt", "qa_manager"),
    ("eva.lang", "Eva Lang", "external_auditor"),
    ("sam.ortiz", "Sam Ortiz", "administrator"),
)
