/* ADT messages about visits: every trigger, and the habits that hospitals have with them. */

#include "support/map_fixture.h"

#define NOW " at 2020-07-03T11:00 recorded 2020-07-03T11:00"
#define ME " of{mr:123}"
#define IN(number) PV1("I", "SURG^1^2", number)
#define ROOM " in SURG"
#define BEGAN AT("20200701083000")
#define LONG64 "0123456789012345678901234567890123456789012345678901234567890123"

static const struct map_case triggers[] = {
    {"admitted", "A01", EVN PID IN("V1"), "opened V1 in" ME " began 2020-07-03T11:00" ROOM NOW, {0}},
    {"registered", "A04", EVN PID PV1("O", "EYE", "V1"), "opened V1 out" ME " began 2020-07-03T11:00 in EYE" NOW, {0}},
    {"expected", "A05", EVN PID PV1("P", "", "V1"), "pre-admitted V1 pre" ME " began 2020-07-03T11:00" NOW, {0}},
    {"moved", "A02", EVN PID IN("V1"), "moved V1 in" ME ROOM " may-create" NOW, {0}},
    {"discharged", "A03", EVN PID IN("V1"), "closed V1 in" ME ROOM " may-create" NOW, {0}},
    {"to inpatient", "A06", EVN PID IN("V1"), "class-changed V1 in" ME ROOM " may-create" NOW, {0}},
    {"to outpatient", "A07", EVN PID PV1("O", "", "V1"), "class-changed V1 out" ME " may-create" NOW, {0}},
    {"updated", "A08", EVN PID IN("V1"), "updated V1 in" ME ROOM " may-create" NOW, {0}},
    {"cancelled", "A11", EVN PID IN("V1"), "cancelled V1 in" ME NOW "; cancels", {0}},
    {"deleted", "A23", EVN PID IN("V1"), "cancelled V1 in" ME NOW "; cancels", {0}},
    {"move cancelled", "A12", EVN PID IN("V1"), "move-cancelled V1 in" ME ROOM NOW, {0}},
    {"discharge cancelled", "A13", EVN PID IN("V1"), "reopened V1 in" ME ROOM " may-create" NOW, {0}},
    {"expectation cancelled", "A38", EVN PID PV1("P", "", "V1"), "pre-cancelled V1 pre" ME NOW "; cancels", {0}},
    {"an A08 without a number is about the person", "A08", EVN PID "PV1||I|SURG", "person{mr:123}" NOW, {0}},
    {"an A08 without a PV1", "A08", EVN PID, "person{mr:123}" NOW, {0}},
    {"an A08 with an account alone", "A08", EVN "PID|||123^^^^MR|||||||||||||||ACC1\rPV1||I", "person{mr:123}" NOW, {0}},
    {"no feed's policy makes visits", "A02", EVN PID IN("V1"), "moved V1 in" ME ROOM NOW, {"implied_visits=false"}},
    {"the same of a discharge", "A03", EVN PID IN("V1"), "closed V1 in" ME ROOM NOW, {"implied_visits=false"}},
    {"the same of an update", "A08", EVN PID IN("V1"), "updated V1 in" ME ROOM NOW, {"update_creates_visit=false"}},
    {"one policy is not the other", "A08", EVN PID IN("V1"), "updated V1 in" ME ROOM " may-create" NOW,
     {"implied_visits=false"}},
    {"EVN-1 contradicts MSH-9", "A03", "EVN|A01|20200703110000\r" PID IN("V1"),
     "closed V1 in" ME ROOM " may-create" NOW, {0}},
    {"an alias", "ZP1", EVN PID, "person{mr:123}" NOW, {"triggers=ZP1=A28"}},
    {"an alias of a known trigger", "A08", EVN PID IN("V1"), "person{mr:123}" NOW, {"triggers=ZP1=A28, A08=A31"}},
};

static const struct map_case idle[] = {
    {"tracking", "A09", "", "nothing", {0}},
    {"", "A10", "", "nothing", {0}},
    {"pending", "A14", "", "nothing", {0}},
    {"", "A15", "", "nothing", {0}},
    {"", "A16", "", "nothing", {0}},
    {"two patients swap beds", "A17", EVN PID IN("V1") "\rPID|||9\r" IN("V2"), "nothing", {0}},
    {"", "A20", "", "nothing", {0}},
    {"leave", "A21", "", "nothing", {0}},
    {"", "A22", "", "nothing", {0}},
    {"", "A25", "", "nothing", {0}},
    {"", "A26", "", "nothing", {0}},
    {"", "A27", "", "nothing", {0}},
    {"account", "A35", "PID|||1\rMRG|2\r", "nothing", {0}},
    {"account", "A41", "PID|||1\rMRG|2\r", "nothing", {0}},
    {"doctor", "A54", "", "nothing", {0}},
    {"", "A55", "", "nothing", {0}},
    {"allergies", "A60", "", "nothing", {0}},
    {"", "A61", "", "nothing", {0}},
    {"", "A62", "", "nothing", {0}},
    {"", "A64", "", "nothing", {0}},
    {"not taken", "A42", "", "AR 201 MSH-9.2", {0}},
    {"", "A43", "", "AR 201 MSH-9.2", {0}},
    {"", "A44", "", "AR 201 MSH-9.2", {0}},
    {"", "A49", "", "AR 201 MSH-9.2", {0}},
    {"", "A51", "", "AR 201 MSH-9.2", {0}},
    {"", "A19", "", "AR 201 MSH-9.2", {0}},
    {"", "A32", "", "AR 201 MSH-9.2", {0}},
    {"", "A46", "", "AR 201 MSH-9.2", {0}},
    {"", "A99", "", "AR 201 MSH-9.2", {0}},
    {"private", "Z99", "", "AR 201 MSH-9.2", {0}},
    {"", "ZP1", "", "AR 201 MSH-9.2", {"triggers=ZP2=A28"}},
    {"", "a01", "", "AR 201 MSH-9.2", {0}},
    {"", "A1", "", "AR 201 MSH-9.2", {0}},
    {"", "A011", "", "AR 201 MSH-9.2", {0}},
    {"", "", "", "AR 201 MSH-9.2", {0}},
};

static const struct map_case missing[] = {
    {"no PID", "A01", EVN IN("V1"), "AE 100 PID", {0}},
    {"no PV1", "A01", EVN PID, "AE 100 PV1", {0}},
    {"no PV1", "A03", EVN PID, "AE 100 PV1", {0}},
    {"no PID", "A08", EVN IN("V1"), "AE 100 PID", {0}},
    {"nothing", "A01", "", "AE 100 PID", {0}},
    {"nobody", "A01", EVN "PID|1||\r" IN("V1"), "AE 101 PID-3", {0}},
    {"nobody expected", "A05", EVN "PID|1||\r" IN("V1"), "AE 101 PID-3", {0}},
    {"a known visit ends, whosever it is", "A03", EVN "PID|1||\r" IN("V1"), "closed V1 in" ROOM NOW, {0}},
    {"and is updated", "A08", EVN "PID|1||\r" IN("V1"), "updated V1 in" ROOM NOW, {0}},
    {"and cancelled", "A11", EVN "PID|1||\r" IN("V1"), "cancelled V1 in" NOW "; cancels", {0}},
    {"no class", "A01", EVN PID PV1("", "", "V1"), "AE 101 PV1-2", {0}},
    {"no class expected", "A05", EVN PID PV1("", "", "V1"), "AE 101 PV1-2", {0}},
    {"no class to change to", "A06", EVN PID PV1("", "", "V1"), "AE 101 PV1-2", {0}},
    {"no class in an update", "A08", EVN PID PV1("", "", "V1"), "AE 101 PV1-2", {0}},
    {"a deleted class is none", "A01", EVN PID PV1("\"\"", "", "V1"), "AE 101 PV1-2", {0}},
    {"a move needs no class", "A02", EVN PID PV1("", "EYE", "V1"), "moved V1 -" ME " in EYE may-create" NOW, {0}},
    {"nor does an end", "A03", EVN PID PV1("", "", "V1"), "closed V1 -" ME " may-create" NOW, {0}},
    {"nor does a cancellation", "A11", EVN PID PV1("", "", "V1"), "cancelled V1 -" ME NOW "; cancels", {0}},
};

static const struct map_case numbers[] = {
    {"a doctor behind the number", "A01", EVN PID PV1("O", "", "1001^ZHANG^SAN"),
     "opened 1001 out" ME " began 2020-07-03T11:00" NOW, {0}},
    {"of repetitions the first", "A01", EVN PID PV1("O", "", "1~2"), "opened 1 out" ME " began 2020-07-03T11:00" NOW, {0}},
    {"the account instead", "A01", EVN "PID|||123^^^^MR|||||||||||||||ACC1^^^HIS\rPV1||O",
     "opened ACC1 out" ME " began 2020-07-03T11:00" NOW "; no-number", {0}},
    {"a deleted number is none", "A01", EVN "PID|||123^^^^MR|||||||||||||||ACC1\r" PV1("O", "", "\"\""),
     "opened ACC1 out" ME " began 2020-07-03T11:00" NOW "; no-number", {0}},
    {"the alternate id instead", "A01", EVN PID PV1("O", "", "") P25 "||||||ALT1",
     "opened ALT1 out" ME " began 2020-07-03T11:00" NOW "; no-number", {0}},
    {"the account before the alternate id", "A01", EVN "PID|||123^^^^MR|||||||||||||||ACC1\r" PV1("O", "", "") P25 "||||||ALT1",
     "opened ACC1 out" ME " began 2020-07-03T11:00" NOW "; no-number", {0}},
    {"PV1-19 before the others", "A01", EVN "PID|||123^^^^MR|||||||||||||||ACC1\r" PV1("O", "", "V1") P25 "||||||ALT1",
     "opened V1 out" ME " began 2020-07-03T11:00" NOW, {0}},
    {"64 bytes", "A01", EVN PID PV1("O", "", LONG64), "opened " LONG64 " out" ME " began 2020-07-03T11:00" NOW, {0}},
    {"65 bytes", "A01", EVN PID PV1("O", "", LONG64 "4"), "AE 102 PV1-19.1", {0}},
    {"blanks round it", "A01", EVN PID PV1("O", "", "  V1 "), "opened V1 out" ME " began 2020-07-03T11:00" NOW, {0}},
    {"zeros stay", "A01", EVN PID PV1("O", "", "007"), "opened 007 out" ME " began 2020-07-03T11:00" NOW, {0}},
    {"escapes", "A01", EVN PID PV1("O", "", "A\\T\\B"), "opened A&B out" ME " began 2020-07-03T11:00" NOW, {0}},
    {"a new number with the class", "A06", EVN PID "MRG|||||O7\r" IN("V1"),
     "class-changed V1 in" ME ROOM " was O7 may-create" NOW, {0}},
    {"MRG behind PV1", "A06", EVN PID IN("V1") "\rMRG|||||O7\r",
     "class-changed V1 in" ME ROOM " was O7 may-create" NOW, {0}},
    {"MRG-3 is an account", "A06", EVN PID "MRG|99||ACC0\r" IN("V1"), "class-changed V1 in" ME ROOM " may-create" NOW, {0}},
    {"unless accounts number the visits", "A07", EVN "PID|||123^^^^MR|||||||||||||||ACC1\rMRG|99||ACC0|||\rPV1||O",
     "class-changed ACC1 out" ME " was ACC0 may-create" NOW "; no-number", {0}},
    {"the same number", "A06", EVN PID "MRG|||||V1\r" IN("V1"), "class-changed V1 in" ME ROOM " may-create" NOW, {0}},
    {"MRG says nothing elsewhere", "A01", EVN PID "MRG|1||||O7\r" PV1("O", "", "V1"),
     "opened V1 out" ME " began 2020-07-03T11:00" NOW, {0}},
};

static const struct map_case times[] = {
    {"PV1-44 first", "A01", "EVN||20200703110000||||20200702\r" PID PV1("I", "", "V1") BEGAN,
     "opened V1 in" ME " began 2020-07-01T08:30 at 2020-07-01T08:30 recorded 2020-07-03T11:00", {0}},
    {"then EVN-6", "A04", "EVN||20200703110000||||20200702093000\r" PID PV1("I", "", "V1"),
     "opened V1 in" ME " began 2020-07-02T09:30 at 2020-07-02T09:30 recorded 2020-07-03T11:00", {0}},
    {"then EVN-2", "A01", EVN PID PV1("I", "", "V1"), "opened V1 in" ME " began 2020-07-03T11:00" NOW, {0}},
    {"then MSH-7", "A01", PID PV1("I", "", "V1"),
     "opened V1 in" ME " began 2020-07-03T12:00 at 2020-07-03T12:00 recorded 2020-07-03T12:00", {0}},
    {"an empty EVN", "A01", "EVN|A01||\r" PID PV1("I", "", "V1"),
     "opened V1 in" ME " began 2020-07-03T12:00 at 2020-07-03T12:00 recorded 2020-07-03T12:00", {0}},
    {"a deleted time is none", "A01", EVN PID PV1("I", "", "V1") AT("\"\""), "opened V1 in" ME " began 2020-07-03T11:00" NOW, {0}},
    {"a zone converts", "A01", EVN PID PV1("I", "", "V1") AT("20200630203000+0000"),
     "opened V1 in" ME " began 2020-07-01T04:30 at 2020-07-01T04:30 recorded 2020-07-03T11:00", {0}},
    {"ISO form", "A01", EVN PID PV1("I", "", "V1") AT("2026-01-15T14:30:00"),
     "opened V1 in" ME " began 2026-01-15T14:30 at 2026-01-15T14:30 recorded 2020-07-03T11:00", {0}},
    {"a month is enough", "A01", EVN PID PV1("I", "", "V1") AT("202007"),
     "opened V1 in" ME " began 2020-07-01T00:00 at 2020-07-01T00:00 recorded 2020-07-03T11:00", {0}},
    {"a precision behind the time", "A01", EVN PID PV1("I", "", "V1") AT("20200701083000^S"),
     "opened V1 in" ME " began 2020-07-01T08:30 at 2020-07-01T08:30 recorded 2020-07-03T11:00", {0}},
    {"a year is not enough", "A01", EVN PID PV1("I", "", "V1") AT("2020"), "AE 102 PV1-44", {0}},
    {"an American date", "A01", EVN PID PV1("I", "", "V1") AT("01/15/2025"), "AE 102 PV1-44", {0}},
    {"no date", "A01", EVN PID PV1("I", "", "V1") AT("20200231"), "AE 102 PV1-44", {0}},
    {"an unreadable EVN-2", "A01", "EVN||yesterday\r" PID PV1("I", "", "V1"), "AE 102 EVN-2", {0}},
    {"also where PV1-44 says when", "A01", "EVN||yesterday\r" PID PV1("I", "", "V1") BEGAN, "AE 102 EVN-2", {0}},
    {"an unreadable EVN-6", "A11", "EVN||20200703110000||||x\r" PID PV1("I", "", "V1"), "AE 102 EVN-6", {0}},
    {"nobody looks at it there", "A01", "EVN||20200703110000||||x\r" PID PV1("I", "", "V1") BEGAN,
     "opened V1 in" ME " began 2020-07-01T08:30 at 2020-07-01T08:30 recorded 2020-07-03T11:00", {0}},
    {"an update tells the beginning", "A08", EVN PID PV1("I", "", "V1") BEGAN,
     "updated V1 in" ME " began 2020-07-01T08:30 may-create" NOW, {0}},
    {"a move did not happen then", "A02", "EVN||20200703110000||||20200702\r" PID PV1("I", "", "V1") BEGAN,
     "moved V1 in" ME " began 2020-07-01T08:30 may-create at 2020-07-02T00:00 recorded 2020-07-03T11:00", {0}},
    {"an end has its own time", "A03", "EVN||20200703110000||||20200702\r" PID PV1("I", "", "V1") BEGAN "|20200703100000",
     "closed V1 in" ME " began 2020-07-01T08:30 may-create at 2020-07-03T10:00 recorded 2020-07-03T11:00", {0}},
    {"or the event's", "A03", "EVN||20200703110000||||20200702\r" PID PV1("I", "", "V1") BEGAN,
     "closed V1 in" ME " began 2020-07-01T08:30 may-create at 2020-07-02T00:00 recorded 2020-07-03T11:00", {0}},
    {"an unreadable end", "A03", EVN PID PV1("I", "", "V1") BEGAN "|soon", "AE 102 PV1-45", {0}},
    {"an end is nothing to an update", "A08", EVN PID PV1("I", "", "V1") BEGAN "|soon",
     "updated V1 in" ME " began 2020-07-01T08:30 may-create" NOW, {0}},
    {"what is cancelled happened at EVN-6", "A11", "EVN||20200703110000||||20200702\r" PID PV1("I", "", "V1") BEGAN,
     "cancelled V1 in" ME " at 2020-07-02T00:00 recorded 2020-07-03T11:00; cancels", {0}},
};

static const struct map_case classes[] = {
    {"recurring", "A04", EVN PID PV1("R", "", "V1"), "opened V1 out" ME " began 2020-07-03T11:00" NOW, {0}},
    {"obstetrics", "A01", EVN PID PV1("B", "", "V1"), "opened V1 in" ME " began 2020-07-03T11:00" NOW, {0}},
    {"emergency", "A04", EVN PID PV1("E", "", "V1"), "opened V1 emer" ME " began 2020-07-03T11:00" NOW, {0}},
    {"pre-admit", "A01", EVN PID PV1("P", "", "V1"), "opened V1 pre" ME " began 2020-07-03T11:00" NOW, {0}},
    {"examination", "A04", EVN PID PV1("T", "", "V1"), "opened V1 exam" ME " began 2020-07-03T11:00" NOW, {0}},
    {"none", "A04", EVN PID PV1("N", "", "V1"), "opened V1 other" ME " began 2020-07-03T11:00" NOW, {0}},
    {"unknown", "A04", EVN PID PV1("U", "", "V1"), "opened V1 other" ME " began 2020-07-03T11:00" NOW "; unmapped", {0}},
    {"a number", "A04", EVN PID PV1("99", "", "V1"), "opened V1 other" ME " began 2020-07-03T11:00" NOW "; unmapped", {0}},
    {"words", "A04", EVN PID PV1("DAY CASE", "", "V1"), "opened V1 other" ME " began 2020-07-03T11:00" NOW "; unmapped", {0}},
    {"a small letter", "A04", EVN PID PV1("o", "", "V1"), "opened V1 out" ME " began 2020-07-03T11:00" NOW, {0}},
    {"a code with its text", "A04", EVN PID PV1("O^Outpatient^HL70004", "", "V1"), "opened V1 out" ME " began 2020-07-03T11:00" NOW, {0}},
    {"mapped by the feed", "A04", EVN PID PV1("DAY CASE", "", "V1"), "opened V1 in" ME " began 2020-07-03T11:00" NOW,
     {"classes=DAY CASE=inpatient, 1=outpatient"}},
    {"over the shipped row", "A04", EVN PID PV1("R", "", "V1"), "opened V1 exam" ME " began 2020-07-03T11:00" NOW,
     {"classes=R=examination"}},
    {"Chinese", "A04", EVN PID PV1("住院", "", "V1"), "opened V1 in" ME " began 2020-07-03T11:00" NOW,
     {"classes=住院=inpatient,门诊=outpatient"}},
};

static const struct map_case departments[] = {
    {"32 bytes", "A02", EVN PID PV1("I", "01234567890123456789012345678901", "V1"),
     "moved V1 in" ME " in 01234567890123456789012345678901 may-create" NOW, {0}},
    {"33 bytes", "A02", EVN PID PV1("I", "012345678901234567890123456789012", "V1"),
     "moved V1 in" ME " in 01234567890123456789012345678901 may-create" NOW, {0}},
    {"cut at a character", "A02", EVN PID PV1("I", "心血管内科心血管内科二病区", "V1"),
     "moved V1 in" ME " in 心血管内科心血管内科 may-create" NOW, {0}},
    {"deleted", "A02", EVN PID PV1("I", "\"\"", "V1"), "moved V1 in" ME " may-create" NOW, {0}},
};

#define OPENED(card) "opened V1 out" card ME " began 2020-07-03T11:00" NOW

static const struct map_case cards[] = {
    {"the feed's usual card", "A04", EVN PID PV1("O", "", "V1"), OPENED(" ssc"), {"default_card=social-security"}},
    {"in PV1-20", "A04", EVN PID PV1("O", "", "V1") "|EHC", OPENED(" ehc"), {"card_field=PV1-20"}},
    {"in Chinese", "A04", EVN PID PV1("O", "", "V1") "|社保卡^1", OPENED(" ssc"), {"card_field=PV1-20"}},
    {"the feed's own code", "A04", EVN PID PV1("O", "", "V1") "|7", OPENED(" rid"), {"card_field=PV1-20", "cards=7=resident-id"}},
    {"no code it knows", "A04", EVN PID PV1("O", "", "V1") "|9", OPENED(" ssc"),
     {"card_field=PV1-20", "default_card=social-security"}},
    {"in a Z segment", "A04", EVN PID PV1("O", "", "V1") "\rZCD||RID\r", OPENED(" rid"), {"card_field=ZCD-2"}},
    {"which is not there", "A04", EVN PID PV1("O", "", "V1") "\rZCE||RID\r", OPENED(""), {"card_field=ZCD-2"}},
};

#define EMER "A04", EVN PID PV1("E", "", "V1") "\r"
#define CAME "opened V1 emer" ME " began 2020-07-03T11:00"

static const struct map_case rescues[] = {
    {"urban", EMER "ZRC|20200703100000|20200703102500|Y\r",
     CAME " called 2020-07-03T10:00 arrived 2020-07-03T10:25 urban" NOW, {"rescue_segment=ZRC"}},
    {"not urban", EMER "ZRC|20200703100000|20200703102500|N\r",
     CAME " called 2020-07-03T10:00 arrived 2020-07-03T10:25 rural" NOW, {"rescue_segment=ZRC"}},
    {"not asked for", EMER "ZRC|20200703100000|20200703102500|Y\r", CAME NOW, {0}},
    {"half of it", EMER "ZRC|20200703100000||Y\r", CAME NOW, {"rescue_segment=ZRC"}},
    {"unreadable", EMER "ZRC|20200703100000|soon|Y\r", "AE 102 ZRC-2", {"rescue_segment=ZRC"}},
    {"beside the card's segment", EMER "ZCD|EHC\rZRC|20200703100000|20200703102500|Y\r",
     "opened V1 emer ehc" ME " began 2020-07-03T11:00 called 2020-07-03T10:00 arrived 2020-07-03T10:25 urban" NOW,
     {"rescue_segment=ZRC", "card_field=ZCD-1"}},
};

#define ZBE(action, original) "\rZBE|M1^HIS|20200703110000||" action "|N|" original "\r"

static const struct map_case movements[] = {
    {"inserted", "A01", EVN PID IN("V1") ZBE("INSERT", ""),
     "opened V1 in" ME " began 2020-07-03T11:00" ROOM " movement M1" NOW, {0}},
    {"historic is no special case", "A01", EVN PID IN("V1") "\rZBE|M1|20200703110000||INSERT|Y|\r",
     "opened V1 in" ME " began 2020-07-03T11:00" ROOM " movement M1" NOW, {0}},
    {"an opening cancelled", "A11", EVN PID IN("V1") ZBE("CANCEL", "A01"), "cancelled V1 in" ME " movement M1" NOW "; cancels", {0}},
    {"a move cancelled", "A12", EVN PID IN("V1") ZBE("CANCEL", "A02"),
     "move-cancelled V1 in" ME ROOM " movement M1" NOW, {0}},
    {"the original decides", "A11", EVN PID IN("V1") ZBE("CANCEL", "A02"),
     "move-cancelled V1 in" ME ROOM " movement M1" NOW, {0}},
    {"an end cancelled", "A12", EVN PID IN("V1") ZBE("CANCEL", "A03"),
     "reopened V1 in" ME ROOM " movement M1 may-create" NOW, {0}},
    {"an expectation cancelled", "A11", EVN PID IN("V1") ZBE("CANCEL", "A05"),
     "pre-cancelled V1 in" ME " movement M1" NOW "; cancels", {0}},
    {"a class change cancelled", "A11", EVN PID PV1("O", "", "V1") ZBE("CANCEL", "A06"),
     "class-changed V1 out" ME " movement M1 may-create" NOW, {0}},
    {"a leave cancelled", "A11", EVN PID IN("V1") ZBE("CANCEL", "A21"), "nothing", {0}},
    {"without an original", "A11", EVN PID IN("V1") ZBE("CANCEL", ""), "cancelled V1 in" ME " movement M1" NOW "; cancels", {0}},
    {"an opening's own trigger", "A01", EVN PID IN("V1") ZBE("CANCEL", ""), "cancelled V1 in" ME " movement M1" NOW "; cancels", {0}},
    {"a move's own trigger", "A02", EVN PID IN("V1") ZBE("cancel", ""),
     "move-cancelled V1 in" ME ROOM " movement M1" NOW, {0}},
    {"a correction", "Z99", EVN PID IN("V1") ZBE("UPDATE", "A02"), "moved V1 in" ME ROOM " movement M1 may-create" NOW,
     {"triggers=Z99=A08"}},
    {"a correction of an opening", "Z99", EVN PID IN("V1") ZBE("UPDATE", "A01"),
     "updated V1 in" ME ROOM " movement M1 may-create" NOW, {"triggers=Z99=A08"}},
    {"a cancellation by correction", "Z99", EVN PID IN("V1") ZBE("CANCEL", "A01"),
     "cancelled V1 in" ME " movement M1" NOW "; cancels", {"triggers=Z99=A08"}},
    {"of what?", "Z99", EVN PID IN("V1") ZBE("CANCEL", ""), "AE 101 ZBE-6", {"triggers=Z99=A08"}},
    {"an update's own", "A08", EVN PID IN("V1") ZBE("UPDATE", ""), "updated V1 in" ME ROOM " movement M1 may-create" NOW, {0}},
    {"too long an id", "A01", EVN PID IN("V1") "\rZBE|" LONG64 "4||||\r", "AE 102 ZBE-1.1", {0}},
};

static const struct map_case moves[] = {
    {"another person's", "A45", EVN PID "MRG|9^^^^MR||||V1\r" IN("V1"), "move V1 to{mr:123}" NOW, {0}},
    {"and renumbered", "A45", EVN PID "MRG|9^^^^MR||||V1\r" IN("V2"), "move V1->V2 to{mr:123}" NOW, {0}},
    {"several: each MRG with the PV1 behind it", "A45",
     EVN PID "MRG|9^^^^MR||||V1\r" IN("W1") "\rMRG|9^^^^MR||||V2\r" IN("W2") "\r",
     "move V1->W1 to{mr:123} V2->W2 to{mr:123}" NOW, {0}},
    {"renumbered only", "A50", EVN PID "MRG|9^^^^MR||||V1\r" IN("V2"), "move V1->V2" NOW, {0}},
    {"renumbered, whosever it is", "A50", EVN "PID|||\rMRG|9^^^^MR||||V1\r" IN("V2"), "move V1->V2" NOW, {0}},
    {"by accounts", "A50", EVN "PID|||123^^^^MR|||||||||||||||ACC2\rMRG|9^^^^MR||ACC1\rPV1||I", "move ACC1->ACC2" NOW, {0}},
    {"no prior number", "A45", EVN PID "MRG|9^^^^MR\r" IN("V1"), "AE 101 MRG-5", {0}},
    {"no new number", "A45", EVN PID "MRG|9^^^^MR||||V1\rPV1||I", "AE 101 PV1-19", {0}},
    {"no numbers at all", "A50", EVN PID "MRG|9^^^^MR\rPV1||I", "AE 101 MRG-5", {0}},
    {"no MRG-1", "A45", EVN PID "MRG|||||V1\r" IN("V1"), "AE 101 MRG-1", {0}},
    {"no MRG-1", "A50", EVN PID "MRG|\"\"||||V1\r" IN("V2"), "AE 101 MRG-1", {0}},
    {"the second one's", "A45", EVN PID "MRG|9^^^^MR||||V1\r" IN("W1") "\rMRG|||||V2\r" IN("W2"), "AE 101 MRG(2)-1", {0}},
    {"no MRG", "A45", EVN PID IN("V1"), "AE 100 MRG", {0}},
    {"no PV1", "A45", EVN PID "MRG|9^^^^MR||||V1\r", "AE 100 PV1", {0}},
    {"no PV1 behind the first one", "A45", EVN PID "MRG|9||||V1\rMRG|9||||V2\r" IN("W2"), "AE 100 PV1", {0}},
    {"no PID", "A45", EVN "MRG|9||||V1\r" IN("V1"), "AE 100 PID", {0}},
    {"nobody", "A45", EVN "PID|||\rMRG|9||||V1\r" IN("V1"), "AE 101 PID-3", {0}},
};

#define TABLE(name)                                                                                                    \
    static void test_##name(void **state) {                                                                            \
        (void)state;                                                                                                   \
        run_map_cases(name, COUNT(name));                                                                              \
    }
TABLE(triggers)
TABLE(idle)
TABLE(missing)
TABLE(numbers)
TABLE(times)
TABLE(classes)
TABLE(departments)
TABLE(cards)
TABLE(rescues)
TABLE(movements)
TABLE(moves)

/* --- Synthesised numbers --- */

/* The word behind the statement. */
static void number_of(const char *trigger, const char *rest, char number[80]) {
    static struct line line;
    static char text[2048];
    struct profiles profiles = profiles_of(NULL);
    int size = snprintf(text, sizeof text, "MSH|^~\\&|HIS|XC|REG|CITY|20200703120000||ADT^%s|1|P|2.4\r%s", trigger, rest);
    map_text(&profiles.rows[0], text, (size_t)size, &line);
    profiles_release(&profiles);
    assert_non_null(strstr(line.bytes, "; no-number"));
    assert_int_equal(sscanf(line.bytes, "%*s %79s", number), 1);
    assert_true(number[0] == '~' && strlen(number) == 33);
}

/* Whose it is, its class and when it began make the number: the same from the opening to the cancellation. */
static void test_synthesised_numbers(void **state) {
    (void)state;
    static const struct {
        const char *what, *trigger, *rest;
        bool is_same;
    } rows[] = {
        {"again", "A01", EVN PID PV1("I", "A", "") BEGAN, true},
        {"recorded later", "A01", "EVN||20200709\r" PID PV1("I", "A", "") BEGAN, true},
        {"its end", "A03", "EVN||20200709\r" PID PV1("I", "B", "") BEGAN, true},
        {"its cancellation", "A11", "EVN||20200709\r" PID PV1("I", "A", "") BEGAN, true},
        {"EVN-6 of the cancelled", "A11", "EVN||20200709||||20200701083000\r" PID PV1("I", "A", ""), true},
        {"another zone, the same time", "A01", EVN PID PV1("I", "A", "") AT("20200701003000+0000"), true},
        {"the same number first", "A01", EVN "PID|||7^^^^IDCard~123^^^^MR\r" PV1("I", "A", "") BEGAN, true},
        {"another time", "A01", EVN PID PV1("I", "A", "") AT("20200701083001"), false},
        {"another class", "A01", EVN PID PV1("O", "A", "") BEGAN, false},
        {"another person", "A01", EVN "PID|||124^^^^MR\r" PV1("I", "A", "") BEGAN, false},
        {"another kind of number", "A01", EVN "PID|||123^^^^IDCard\r" PV1("I", "A", "") BEGAN, false},
    };
    char first[80], number[80];
    number_of("A01", EVN PID PV1("I", "A", "") BEGAN, first);
    for (size_t i = 0; i < COUNT(rows); i++) {
        number_of(rows[i].trigger, rows[i].rest, number);
        if ((strcmp(first, number) == 0) != rows[i].is_same) {
            fail_msg("%s: %s and %s", rows[i].what, first, number);
        }
    }
}

static void test_nobody_without_a_number(void **state) {
    (void)state;
    static const struct map_case rows[] = {
        {"neither number nor person", "A03", EVN "PID|||\rPV1||I", "AE 101 PID-3", {0}},
        {"nor for a cancellation", "A11", EVN "PID|||\rPV1||I", "AE 101 PID-3", {0}},
    };
    run_map_cases(rows, COUNT(rows));
}

/* --- Bounds --- */

static void test_no_time_at_all(void **state) {
    (void)state;
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"MSH|^~\\&|A|B|C|D|||ADT^A01|1|P|2.4\r" PID PV1("I", "", "V1"), "AE 100 EVN"},
        {"MSH|^~\\&|A|B|C|D|||ADT^A01|1|P|2.4\rEVN||\r" PID PV1("I", "", "V1"), "AE 101 EVN-2"},
        {"MSH|^~\\&|A|B|C|D|||ADT^A01|1|P|2.4\rEVN||\r" PID PV1("I", "", "V1") BEGAN,
         "opened V1 in" ME " began 2020-07-01T08:30 at 2020-07-01T08:30 recorded 2020-07-01T08:30"},
        {"MSH|^~\\&|A|B|C|D|||ADT^A02|1|P|2.4\rEVN||\r" PID PV1("I", "", "V1") BEGAN,
         "moved V1 in" ME " began 2020-07-01T08:30 may-create at 2020-07-01T08:30 recorded 2020-07-01T08:30"},
        {"MSH|^~\\&|A|B|C|D|now||ADT^A01|1|P|2.4\r" PID PV1("I", "", "V1"), "AE 102 MSH-7"},
        {"MSH|^~\\&|A|B|C|D|||ADT^A40|1|P|2.4\r" PID "MRG|9\r", "AE 100 EVN"},
    };
    static struct line line;
    struct profiles profiles = profiles_of(NULL);
    for (size_t i = 0; i < COUNT(rows); i++) {
        map_text(&profiles.rows[0], rows[i].text, strlen(rows[i].text), &line);
        assert_string_equal(line.bytes, rows[i].want);
    }
    profiles_release(&profiles);
}

/* Other delimiters, line feeds, no final end: the same command. */
static void test_forms(void **state) {
    (void)state;
    static const char *const forms[] = {
        "MSH|^~\\&|HIS|XC|||20200703120000||ADT^A01|1|P|2.4\nEVN||20200703110000\nPID|||123^^^^MR\n" PV1("I", "SURG^1", "V1"),
        "MSH|^~\\&|HIS|XC|||20200703120000||ADT^A01^ADT_A01|1|P^T|2.3.1^CHN\r\nEVN||20200703110000\r\nPID|||123^^^^MR\r\n" PV1("I", "SURG^1", "V1"),
        "\xef\xbb\xbfMSH|^~\\&|HIS|XC|||20200703120000||ADT^A01|1|P|2.8\rEVN||20200703110000\rPID|||\"\"~123^^^^MR\r" PV1("I", "SURG^1", "V1"),
        "MSH^|~\\&^HIS^XC^^^20200703120000^^ADT|A01^1^P^2.4\rEVN^^20200703110000\rPID^^^123||||MR\r"
        "PV1^^I^SURG|1^^^^^^^^^^^^^^^^V1\r",
        "MSH|^~\\&#|HIS|XC|||20200703120000||ADT^A01|1|P|2.7\rZXX|1\rEVN||20200703110000\rNTE|x\rPID|||123^^^^MR\r" PV1("I", "SURG^1", "V1"),
        "MSH|^~\\|HIS|XC|||20200703120000||ADT^A01|1|P|2.1\rEVN||20200703110000\rPID|||123^^^^MR\r" PV1("I", "SURG^1", "V1"),
    };
    static struct line line;
    struct profiles profiles = profiles_of(NULL);
    for (size_t i = 0; i < COUNT(forms); i++) {
        map_text(&profiles.rows[0], forms[i], strlen(forms[i]), &line);
        assert_string_equal(line.bytes, "opened V1 in" ME " began 2020-07-03T11:00" ROOM NOW);
    }
    profiles_release(&profiles);
}

/* A full arena is told, whatever has been read so far, and a long value is no reason to fill it. */
static void test_arena(void **state) {
    (void)state;
    static struct hl7_message message;
    static const char text[] = "MSH|^~\\&|HIS|XC|||20200703120000||ADT^A06|1|P|2.4\r" EVN
                               "PID|||7^^^A&1.2^IDCard~" ID_CHILD "^^^^NI||||20150307\rMRG|||||O7\r" IN("V1") BEGAN;
    struct profiles profiles = profiles_of(NULL);
    size_t refused = 0;
    for (size_t cap = 0; cap < 4096; cap += 16) {
        struct arena arena;
        struct mapped mapped;
        arena_init(&arena, cap);
        assert_int_equal(hl7_parse(text, sizeof text - 1, NULL, &message), HL7_OK);
        map_message(&profiles.rows[0], &message, &arena, &mapped);
        if (mapped.verdict.code != HL7_CODE_OK) {
            assert_int_equal(mapped.verdict.code, HL7_CODE_INTERNAL);
            assert_true(mapped.verdict.is_reject && mapped.command == NULL);
            refused++;
        } else {
            assert_non_null(mapped.command);
        }
        arena_release(&arena);
    }
    profiles_release(&profiles);
    assert_true(refused > 10 && refused < 200);
}

static void test_long_values(void **state) {
    (void)state;
    static char rest[40000], digits[20000];
    static const struct {
        const char *before, *behind, *want;
    } rows[] = {
        {EVN PID "PV1||I|" , P16 "V1", "AE 102 PV1-3.1"},
        {EVN PID "PV1||I|" P16, "", "AE 102 PV1-19.1"},
        {EVN "PID|||", "^^^^MR\r" IN("V1"), "AE 102 PID-3"},
        {EVN "PID|||123^^^^MR~", "^^^^QR\r" IN("V1"), "moved V1 in" ME ROOM " may-create" NOW},
        {"EVN||", "\r" PID IN("V1"), "AE 102 EVN-2.1"},
    };
    memset(digits, '7', sizeof digits - 1);
    for (size_t i = 0; i < COUNT(rows); i++) {
        snprintf(rest, sizeof rest, "%s%s%s", rows[i].before, digits, rows[i].behind);
        const struct map_case row = {"a long value", i == 2 ? "A01" : "A02", rest, rows[i].want, {0}};
        run_map_cases(&row, 1);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_triggers),
        cmocka_unit_test(test_idle),
        cmocka_unit_test(test_missing),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_classes),
        cmocka_unit_test(test_departments),
        cmocka_unit_test(test_cards),
        cmocka_unit_test(test_rescues),
        cmocka_unit_test(test_movements),
        cmocka_unit_test(test_moves),
        cmocka_unit_test(test_synthesised_numbers),
        cmocka_unit_test(test_nobody_without_a_number),
        cmocka_unit_test(test_no_time_at_all),
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_arena),
        cmocka_unit_test(test_long_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
