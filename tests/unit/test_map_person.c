/* ADT messages about persons: identifiers, merges, links; what headers and the registry's refusals become. */

#include "support/map_fixture.h"

#include "common/v1/problem.pb-c.h"
#include "visits/v1/codes.pb-c.h"

#define NOW " at 2020-07-03T11:00 recorded 2020-07-03T11:00"
#define RID "411099199003070013"
#define RID2 "411099199003070021"
#define BAD "411099199003070014"
#define LONG64 "0123456789012345678901234567890123456789012345678901234567890123"
#define P "PID|||"
#define WHO(ids) "person{" ids "}" NOW
#define WARN "; invalid; warning 103 PID-3"

/* --- Identifiers --- */

static const struct map_case meanings[] = {
    {"without a type", "A28", EVN P "123\r", WHO("id:123"), {0}},
    {"medical record", "A28", EVN P "123^^^^MR\r", WHO("mr:123"), {0}},
    {"internal id", "A28", EVN P "123^^^^PI\r", WHO("mr:123"), {0}},
    {"external id", "A28", EVN P "123^^^^PT\r", WHO("mr:123"), {0}},
    {"a hospital's card, whatever it sounds like", "A28", EVN P RID "^^^^IDCard\r", WHO("card:" RID), {0}},
    {"the resident identity number", "A28", EVN P RID "^^^^IdentifyNO\r", WHO("rid:" RID), {0}},
    {"inpatient number", "A28", EVN P "123^^^^PatientNO\r", WHO("in:123"), {0}},
    {"card number", "A28", EVN P "123^^^^Card_No\r", WHO("card:123"), {0}},
    {"outpatient number", "A28", EVN P "123^^^^Outpatient\r", WHO("out:123"), {0}},
    {"local id", "A28", EVN P "123^^^^LocalID\r", WHO("mr:123"), {0}},
    {"master index of the hospital", "A28", EVN P "123^^^^UPID\r", WHO("other:123"), {0}},
    {"other id", "A28", EVN P "123^^^^OtherID\r", WHO("other:123"), {0}},
    {"table 0203", "A28", EVN P RID "^^^^NNCHN\r", WHO("rid:" RID), {0}},
    {"", "A28", EVN P RID "^^^^NI\r", WHO("rid:" RID), {0}},
    {"social security number", "A28", EVN P RID "^^^^SS\r", WHO("rid:" RID), {0}},
    {"health code", "A28", EVN P "ABC^^^^HC\r", WHO("health:ABC"), {0}},
    {"", "A28", EVN P "ABC^^^^JHN\r", WHO("health:ABC"), {0}},
    {"types without case", "A28", EVN P RID "^^^^identifyno\r", WHO("rid:" RID), {0}},
    {"a type nobody knows", "A28", EVN P "123^^^^XYZ\r", WHO("other:123"), {0}},
    {"OID of the resident identity number", "A28", EVN P RID "^^^&2.16.156.10011.1.3&ISO\r", WHO("rid:" RID), {0}},
    {"of the health card", "A28", EVN P "ABC^^^X&2.16.156.10011.1.19&ISO\r", WHO("health:ABC"), {0}},
    {"of the inpatient number", "A28", EVN P "123^^^&2.16.156.10011.1.12\r", WHO("in:123"), {0}},
    {"of the record number", "A28", EVN P "123^^^2.16.156.10011.1.13\r", WHO("mr:123"), {0}},
    {"the OID before the type", "A28", EVN P RID "^^^&2.16.156.10011.1.3&ISO^PI\r", WHO("rid:" RID), {0}},
    {"the OID is no unknown authority", "A28", EVN P "123^^^&2.16.156.10011.1.12\r", WHO("in:123"), {"unknown_authority=refuse"}},
    {"a namespace is no type where one is given", "A28", EVN P "123^^^SS^PatientNO\r", WHO("in:123"), {0}},
    {"the feed's own type", "A28", EVN P "123^^^^K\r", WHO("out:123"), {"identifiers=K=outpatient"}},
    {"over the shipped row", "A28", EVN P RID "^^^^IDCard\r", WHO("rid:" RID), {"identifiers=IDCard=resident-id"}},
    {"a type to be left out", "A28", EVN P "1^^^^QR~2^^^^MR\r", WHO("mr:2"), {"identifiers=QR=ignore"}},
    {"social card", "A28", EVN P "A12345678^^^^K~0123456789ABCDEF0123456789ABCDEF^^^^S\r",
     WHO("scn:A12345678 scc:0123456789ABCDEF0123456789ABCDEF"),
     {"identifiers=K=social-card-number, S=social-card-code"}},
    {"visit and account numbers are last resorts", "A28", EVN P "V1^^^^VN~A1^^^^AN~123^^^^MR\r", WHO("mr:123"), {0}},
    {"also beside the resident identity number", "A28", EVN P "V1^^^^VN~" RID "^^^^NI\r", WHO("rid:" RID), {0}},
    {"alone they are better than nothing", "A28", EVN P "V1^^^^VN\r", WHO("other:V1"), {0}},
    {"the order of kinds", "A28", EVN P "5^^^^UPID~4^^^^IDCard~9~3^^^^Outpatient~2^^^^PatientNO~1^^^^MR\r",
     WHO("mr:1 in:2 out:3 card:4 id:9 other:5"), {0}},
    {"the same number twice", "A28", EVN P "1^^^^MR~1^^^^PI~1^^^^IDCard\r", WHO("mr:1 card:1"), {0}},
    {"more than eight", "A28", EVN P "9^^^^UPID~8^^^^MR~7^^^^MR~6^^^^MR~5^^^^MR~4^^^^MR~3^^^^MR~2^^^^MR~1^^^^MR\r",
     WHO("mr:8 mr:7 mr:6 mr:5 mr:4 mr:3 mr:2 mr:1"), {0}},
};

static const struct map_case odd_ones[] = {
    {"a first repetition that deletes", "A28", EVN P "\"\"~123^^^^MR\r", WHO("mr:123"), {0}},
    {"empty repetitions", "A28", EVN P "~^^^^MR~123^^^^MR~\r", WHO("mr:123"), {0}},
    {"blanks round it", "A28", EVN P "  123 ^^^^MR\r", WHO("mr:123"), {0}},
    {"blanks alone", "A28", EVN P "   ^^^^MR\r", "AE 101 PID-3", {0}},
    {"nothing but a deletion", "A28", EVN P "\"\"\r", "AE 101 PID-3", {0}},
    {"an id only in PID-4", "A28", EVN P "|123\r", "AE 101 PID-3", {0}},
    {"an id only in PID-2", "A28", EVN "PID||123\r", "AE 101 PID-3", {0}},
    {"an id only in PID-19", "A28", EVN P P16 RID "\r", "AE 101 PID-3", {0}},
    {"unless the feed says so", "A28", EVN P "|123\r", WHO("card:123"), {"further_identifiers=PID-4=visit-card"}},
    {"several of them", "A28", EVN "PID||55|1^^^^MR" P16 RID "\r", WHO("rid:" RID " mr:1 out:55"),
     {"further_identifiers=PID-2=outpatient, PID-19=resident-id"}},
    {"a type says better", "A28", EVN P "|123^^^^PatientNO\r", WHO("in:123"), {"further_identifiers=PID-4=visit-card"}},
    {"the mother's is not the child's", "A28", EVN P "123^^^^MR||||||||||||||||||" RID "\r", WHO("mr:123"), {0}},
    {"15 digits", "A28", EVN P "411099900307001^^^^NI\r", WHO("rid:" RID), {0}},
    {"a small x", "A28", EVN P "41109920150307001x^^^^NI\r", WHO("rid:" ID_CHILD), {0}},
    {"a wrong check beside a local id", "A28", EVN P BAD "^^^^NI~1^^^^MR\r", "person{rid:" BAD " mr:1}" NOW WARN, {0}},
    {"and alone", "A28", EVN P BAD "^^^^NI\r", "AE 103 PID-3", {0}},
    {"a wrong one beside a right one", "A28", EVN P BAD "^^^^SS~" RID "^^^^NI\r", "person{rid:" RID "}" NOW WARN, {0}},
    {"no number at all", "A28", EVN P "none^^^^NI~1^^^^MR\r", "person{rid:none mr:1}" NOW WARN, {0}},
    {"two that are one", "A28", EVN P RID "^^^^SS~" RID "^^^^NI~411099900307001^^^^NI\r", WHO("rid:" RID), {0}},
    {"two different ones: neither is believed", "A28", EVN P RID "^^^^SS~" RID2 "^^^^NI~1^^^^MR\r",
     "person{mr:1}" NOW WARN, {0}},
    {"and alone", "A28", EVN P RID "^^^^SS~" RID2 "^^^^NI\r", "AE 103 PID-3", {0}},
    {"64 bytes", "A28", EVN P LONG64 "^^^^MR\r", WHO("mr:" LONG64), {0}},
    {"65 bytes are no number", "A28", EVN P LONG64 "4^^^^QR~1^^^^MR\r", WHO("mr:1"), {0}},
    {"and alone", "A28", EVN P LONG64 "4^^^^MR\r", "AE 102 PID-3", {0}},
    {"Chinese, converted before", "A28", EVN P "病案珅12^^^^病案号\r", WHO("mr:病案珅12"), {"identifiers=病案号=medical-record"}},
    {"a wrong number at a visit", "A01", EVN P BAD "^^^^NI~1^^^^MR\r" PV1("I", "", "V1"),
     "opened V1 in of{rid:" BAD " mr:1} began 2020-07-03T11:00" NOW WARN, {0}},
    {"which nothing else carries", "A01", EVN P BAD "^^^^NI\r" PV1("I", "", "V1"), "AE 103 PID-3", {0}},
    {"of a known visit", "A03", EVN P BAD "^^^^NI\r" PV1("I", "", "V1"), "closed V1 in of{rid:" BAD "}" NOW WARN, {0}},
};

static const struct map_case authorities[] = {
    {"unknown ones are the sender's; by authority in order", "A28", EVN P "1^^^HIS^MR~2^^^&1.2.3&ISO^MR\r", WHO("mr:2 mr:1"), {0}},
    {"unless it says so", "A28", EVN P "1^^^HIS^MR\r", "AE 204 PID-3.4", {"unknown_authority=refuse"}},
    {"or names those it knows", "A28", EVN P "1^^^LAB^MR\r", "AE 204 PID-3.4", {"domains=HIS=own"}},
    {"and takes the others all the same", "A28", EVN P "1^^^LAB^MR\r", WHO("mr:1"), {"domains=HIS=own", "unknown_authority=own"}},
    {"none needs no name", "A28", EVN P "1^^^^MR\r", WHO("mr:1"), {"domains=HIS=own"}},
    {"its own", "A28", EVN P "1^^^HIS^MR~2^^^h1^MR\r", WHO("mr:1 mr:2"), {"domains=HIS=own, H1=h1"}},
    {"a shared domain", "A28", EVN P "1^^^MPI^MR\r", WHO("mr:1@city-mpi"), {"domains=mpi=city-mpi"}},
    {"by its universal id", "A28", EVN P "1^^^HIS&1.2.3&ISO^MR\r", WHO("mr:1@city-mpi"), {"domains=HIS=own, 1.2.3=city-mpi"}},
    {"by its namespace, where the universal id is not known", "A28", EVN P "1^^^HIS&9.9&ISO^MR\r", WHO("mr:1"),
     {"domains=HIS=own, 1.2.3=city-mpi"}},
    {"numbers of the city have none", "A28", EVN P RID "^^^POLICE^NI~A^^^CARDS^HC\r", WHO("rid:" RID " health:A"),
     {"unknown_authority=refuse"}},
    {"an unknown one at a visit", "A01", EVN P "1^^^LAB^MR\r" PV1("I", "", "V1"), "AE 204 PID-3.4", {"domains=HIS=own"}},
    {"an unknown one in MRG-1", "A40", EVN P "1^^^HIS^MR\rMRG|2^^^LAB^MR\r", "AE 204 MRG-1.4", {"domains=HIS=own"}},
};

#define BORN(id, date) EVN P id "^^^^NI~1^^^^MR||||" date "\r"
#define CHILD_OF(id) "person{rid:" id "! mr:1}" NOW

static const struct map_case births[] = {
    {"a parent's number on a child's record", "A28", BORN(ID_PARENT, "20150307"), CHILD_OF(ID_PARENT), {0}},
    {"the child's own", "A28", BORN(ID_CHILD, "20150307"), WHO("rid:" ID_CHILD " mr:1"), {0}},
    {"with the hour", "A28", BORN(ID_PARENT, "201503071200"), CHILD_OF(ID_PARENT), {0}},
    {"a year", "A28", BORN(ID_PARENT, "2015"), CHILD_OF(ID_PARENT), {0}},
    {"ten years to the day", "A28", BORN("411099199505050012", "20050505"), WHO("rid:411099199505050012 mr:1"), {0}},
    {"and a day", "A28", BORN("411099199505050012", "20050506"), CHILD_OF("411099199505050012"), {0}},
    {"no child", "A28", BORN("411099197003070014", "19900307"), WHO("rid:411099197003070014 mr:1"), {0}},
    {"18 years old that day", "A28", BORN(ID_PARENT, "20020703"), WHO("rid:" ID_PARENT " mr:1"), {0}},
    {"a day before", "A28", BORN(ID_PARENT, "20020704"), CHILD_OF(ID_PARENT), {0}},
    {"earlier than the number says", "A28", BORN(ID_CHILD, "19850505"), WHO("rid:" ID_CHILD " mr:1"), {0}},
    {"no date", "A28", BORN(ID_PARENT, "unknown"), WHO("rid:" ID_PARENT " mr:1"), {0}},
    {"deleted", "A28", BORN(ID_PARENT, "\"\""), WHO("rid:" ID_PARENT " mr:1"), {0}},
    {"no number", "A28", EVN P "1^^^^MR||||20150307\r", WHO("mr:1"), {0}},
};

/* --- Triggers --- */

static const struct map_case persons[] = {
    {"added", "A28", EVN PID, "person{mr:123}" NOW, {0}},
    {"updated", "A31", EVN PID, "person{mr:123}" NOW, {0}},
    {"a PV1 inside says nothing", "A31", EVN PID PV1("N", "X", "V1"), "person{mr:123}" NOW, {0}},
    {"nor does its time", "A28", EVN PID PV1("I", "X", "V1") AT("2020"), "person{mr:123}" NOW, {0}},
    {"deleted", "A29", EVN PID, "delete{mr:123}" NOW, {0}},
    {"nobody", "A31", EVN "PID|||\r", "AE 101 PID-3", {0}},
    {"no PID", "A31", EVN, "AE 100 PID", {0}},
    {"nobody to delete", "A29", EVN "PID|||\r", "AE 101 PID-3", {0}},
    {"recorded late", "A31", "EVN||20200701080000||||20200630\r" PID,
     "person{mr:123} at 2020-06-30T00:00 recorded 2020-07-01T08:00", {0}},
};

#define MERGE_2_INTO_1 "merge of{mr:2} into{mr:1}" NOW
#define P1 "PID|||1^^^^MR\r"
#define M2 "MRG|2^^^^MR\r"

static const struct map_case merges[] = {
    {"two patients", "A40", EVN P1 M2, MERGE_2_INTO_1, {0}},
    {"PV1 behind MRG", "A40", EVN P1 M2 PV1("I", "", "V1"), MERGE_2_INTO_1, {0}},
    {"PV1 before MRG", "A40", EVN P1 PV1("I", "", "V1") "\r" M2, MERGE_2_INTO_1, {0}},
    {"older", "A18", EVN P1 M2 PV1("I", "", "V1"), MERGE_2_INTO_1, {0}},
    {"older", "A30", EVN P1 M2, MERGE_2_INTO_1, {0}},
    {"older", "A34", EVN P1 M2, MERGE_2_INTO_1, {0}},
    {"older", "A36", EVN P1 "MRG|2^^^^MR||ACC\r", MERGE_2_INTO_1, {0}},
    {"older", "A39", EVN P1 M2, MERGE_2_INTO_1, {0}},
    {"a changed id", "A47", EVN P1 M2, MERGE_2_INTO_1, {0}},
    {"the prior one has to be known", "A40", EVN P1 M2, "merge known of{mr:2} into{mr:1}" NOW, {"prior_must_exist=true"}},
    {"groups", "A40", EVN P1 M2 "PID|||3^^^^MR\rMRG|4^^^^MR\rPID|||5^^^^MR\r" PV1("I", "", "V1") "\rMRG|6^^^^MR\r",
     "merge of{mr:2} into{mr:1} and{mr:4} into{mr:3} and{mr:6} into{mr:5}" NOW, {0}},
    {"two priors of one", "A40", EVN P1 M2 "MRG|3^^^^MR\r", "merge of{mr:2} into{mr:1} and{mr:3} into{mr:1}" NOW, {0}},
    {"repetitions", "A40", EVN P "1^^^^MR~8^^^^IDCard\rMRG|2^^^^MR~9^^^^IDCard\r",
     "merge of{mr:2 card:9} into{mr:1 card:8}" NOW, {0}},
    {"without types", "A40", EVN P "1\rMRG|2\r", "merge of{id:2} into{id:1}" NOW, {0}},
    {"the same number is for the registry to refuse", "A40", EVN P1 "MRG|1^^^^MR\r", "merge of{mr:1} into{mr:1}" NOW, {0}},
    {"other authorities", "A40", EVN P "1^^^HIS^MR\rMRG|2^^^LAB^MR\r", "AE 204 MRG-1.4", {0}},
    {"one has none", "A40", EVN P "1^^^HIS^MR\rMRG|2^^^^MR\r", MERGE_2_INTO_1, {0}},
    {"the other has none", "A40", EVN P "1^^^^MR\rMRG|2^^^HIS^MR\r", MERGE_2_INTO_1, {0}},
    {"the same", "A40", EVN P "1^^^HIS^MR\rMRG|2^^^his^MR\r", MERGE_2_INTO_1, {0}},
    {"one has a partner, one has not", "A40", EVN P "1^^^HIS^MR\rMRG|2^^^HIS^MR~3^^^LAB^MR\r", MERGE_2_INTO_1, {0}},
    {"partners in another order", "A40", EVN P "1^^^HIS^MR~5^^^LAB^MR\rMRG|6^^^LAB^MR~2^^^HIS^MR\r",
     "merge of{mr:2 mr:6} into{mr:1 mr:5}" NOW, {0}},
    {"other domains", "A40", EVN P "1^^^HIS^MR\rMRG|2^^^MPI^MR\r", "AE 204 MRG-1.4", {"domains=HIS=own, MPI=city-mpi"}},
    {"no MRG-1", "A40", EVN P1 "MRG|\r", "AE 101 MRG-1", {0}},
    {"a deleted one", "A40", EVN P1 "MRG|\"\"\r", "AE 101 MRG-1", {0}},
    {"of the second group", "A40", EVN P1 M2 "PID|||3^^^^MR\rMRG|\r", "AE 101 MRG(2)-1", {0}},
    {"no PID-3", "A40", EVN "PID|||\r" M2, "AE 101 PID-3", {0}},
    {"no MRG", "A40", EVN P1, "AE 100 MRG", {0}},
    {"no MRG in the first group: none at all", "A40", EVN P1 "PID|||3^^^^MR\rMRG|4^^^^MR\r", "AE 100 MRG", {0}},
    {"nor in the second", "A40", EVN P1 M2 "PID|||3^^^^MR\r", "AE 100 MRG(2)", {0}},
    {"no PID", "A40", EVN M2, "AE 100 PID", {0}},
    {"MRG before PID", "A40", EVN M2 P1 M2, "AE 100 PID", {0}},
    {"17 groups", "A40",
     EVN P1 M2 P1 M2 P1 M2 P1 M2 P1 M2 P1 M2 P1 M2 P1 M2 P1 M2 P1 M2 P1 M2 P1 M2 P1 M2 P1 M2 P1 M2 P1 M2 P1 M2,
     "AE 207 MRG(17)", {0}},
};

static const struct map_case links[] = {
    {"linked", "A24", EVN P1 "PID|||2^^^^MR\r", "link{mr:1} and{mr:2}" NOW, {0}},
    {"with PV1 between", "A24", EVN P1 PV1("I", "", "V1") "\rPID|||2^^^^MR\r" PV1("I", "", "V2"), "link{mr:1} and{mr:2}" NOW, {0}},
    {"unlinked", "A37", EVN P1 "PID|||2^^^^MR\r", "unlink{mr:1} and{mr:2}" NOW, {0}},
    {"one alone", "A24", EVN P1, "AE 100 PID(2)", {0}},
    {"none", "A37", EVN, "AE 100 PID", {0}},
    {"the second is nobody", "A24", EVN P1 "PID|||\r", "AE 101 PID(2)-3", {0}},
    {"the first is nobody", "A37", EVN "PID|||\r" P1, "AE 101 PID-3", {0}},
};

#define TABLE(name)                                                                                                    \
    static void test_##name(void **state) {                                                                            \
        (void)state;                                                                                                   \
        run_map_cases(name, COUNT(name));                                                                              \
    }
TABLE(meanings)
TABLE(odd_ones)
TABLE(authorities)
TABLE(births)
TABLE(persons)
TABLE(merges)
TABLE(links)

static void test_repetitions_are_bounded(void **state) {
    (void)state;
    static char rest[8192];
    for (int count = 63; count <= 66; count++) {
        size_t size = (size_t)snprintf(rest, sizeof rest, EVN P "1^^^^MR");
        for (int i = 1; i < count; i++) {
            size += (size_t)snprintf(rest + size, sizeof rest - size, "~\"\"");
        }
        const struct map_case row = {"repetitions", "A28", rest, count <= 64 ? WHO("mr:1") : "AE 102 PID-3", {0}};
        run_map_cases(&row, 1);
    }
}

/* --- Headers --- */

static void test_headers(void **state) {
    (void)state;
    static const struct {
        const char *text, *want;
        const char *settings[2];
    } rows[] = {
        {"MSH|^~\\&|A|B|C|D|20200703||ADT^A17|1|P|2.4", "nothing", {0}},
        {"MSH|^~\\&|A|B|C|D|20200703||ADT^A17^ADT_A17| 007|P|2.5.1", "nothing", {0}},
        {"MSH|^~\\&|A|B|C|D|20200703||ADT^A17||P|2.4", "AR 101 MSH-10", {0}},
        {"MSH|^~\\&|A|B|C|D|20200703||ADT^A17|  |P|2.4", "AR 101 MSH-10", {0}},
        {"MSH|^~\\&|A|B|C|D|20200703||ADT^A17|\"\"|P|2.4", "AR 101 MSH-10", {0}},
        {"MSH|^~\\&|A|B|C|D|20200703||ORU^R01|1|P|2.4", "AR 200 MSH-9.1", {0}},
        {"MSH|^~\\&|A|B|C|D|20200703||ACK^A01|1|P|2.4", "AR 200 MSH-9.1", {0}},
        {"MSH|^~\\&|A|B|C|D|20200703|||1|P|2.4", "AR 200 MSH-9.1", {0}},
        {"MSH|^~\\&|A|B|C|D|20200703||ADT|1|P|2.4", "AR 201 MSH-9.2", {0}},
        {"MSH|^~\\&|A|B|C|D|20200703||ADT^A17|1|T|2.4", "AR 202 MSH-11.1", {0}},
        {"MSH|^~\\&|A|B|C|D|20200703||ADT^A17|1|D|2.4", "AR 202 MSH-11.1", {0}},
        {"MSH|^~\\&|A|B|C|D|20200703||ADT^A17|1||2.4", "AR 202 MSH-11.1", {0}},
        {"MSH|^~\\&|A|B|C|D|20200703||ADT^A17|1|PT|2.4", "AR 202 MSH-11.1", {"processing_ids=P, T"}},
        {"MSH|^~\\&|A|B|C|D|20200703||ADT^A17|1|P^A|2.4", "nothing", {0}},
        {"MSH|^~\\&|A|B|C|D|20200703||ADT^A17|1|T|2.4", "nothing", {"processing_ids=P, T"}},
        {"MSH|^~\\&|A|B|C|D|20200703||ADT^A17|1|P|2.3.1", "nothing", {0}},
        {"MSH|^~\\&|A|B|C|D|20200703||ADT^A17|1|P|2.8^CHN", "nothing", {0}},
        {"MSH|^~\\&|A|B|C|D|20200703||ADT^A17|1|P|3.0", "AR 203 MSH-12.1", {0}},
        {"MSH|^~\\&|A|B|C|D|20200703||ADT^A17|1|P|2", "AR 203 MSH-12.1", {0}},
        {"MSH|^~\\&|A|B|C|D|20200703||ADT^A17|1|P|", "AR 203 MSH-12.1", {0}},
        {"MSH|^~\\&|A|B|C|D|20200703||ADT^A17|1|P", "AR 203 MSH-12.1", {0}},
    };
    static struct line line;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct profiles profiles = profiles_of(rows[i].settings);
        map_text(&profiles.rows[0], rows[i].text, strlen(rows[i].text), &line);
        if (strcmp(line.bytes, rows[i].want) != 0) {
            fail_msg("%s: %s, not %s", rows[i].text, line.bytes, rows[i].want);
        }
        profiles_release(&profiles);
    }
}

/* A header without its message (its charset could not be read): still an answer, and the same one for idle triggers. */
static void test_header_alone(void **state) {
    (void)state;
    struct profiles profiles = profiles_of(NULL);
    char text[64];
    for (int trigger = 1; trigger < 100; trigger++) {
        static struct hl7_message message;
        struct mapped mapped;
        struct arena arena;
        snprintf(text, sizeof text, "MSH|^~\\&|A|B|C|D|||ADT^A%02d|1|P|2.4", trigger);
        message = (struct hl7_message){0};
        assert_int_equal(hl7_read_header((const uint8_t *)text, strlen(text), &message.header), HL7_OK);
        arena_init(&arena, 128 * 1024);
        map_message(&profiles.rows[0], &message, &arena, &mapped);
        assert_null(mapped.command);
        assert_true(mapped.has_no_effect == (mapped.verdict.code == HL7_CODE_OK));
        arena_release(&arena);
    }
    profiles_release(&profiles);
}

/* --- What the registry says --- */

#define COMMON(word) COMMON__V1__CODE__CODE_##word
#define VISITS(word) VISITS__V1__CODE__CODE_##word

static void test_problems(void **state) {
    (void)state;
    static const struct {
        uint32_t code;
        const char *trigger, *field;
        bool is_refusal;
        const char *want;
    } rows[] = {
        {COMMON(UNAVAILABLE), "A01", "", true, "AR 207"},
        {COMMON(EXHAUSTED), "A01", "persons", true, "AR 207"},
        {COMMON(FORBIDDEN), "A01", "", true, "AR 207"},
        {COMMON(REVOKED), "A01", "", true, "AR 207"},
        {COMMON(NOT_YOUR_ORGANISATION), "A01", "organisation", true, "AR 207"},
        {COMMON(OUT_OF_ORDER), "A01", "", true, "AR 207"},
        {VISITS(PSEUDONYM_KEY_CHANGED), "A01", "", true, "AR 207"},
        {COMMON(MALFORMED), "A01", "", true, "AE 207"},
        {COMMON(TOO_LARGE), "A01", "", true, "AE 207"},
        {COMMON(UNSUPPORTED), "A01", "", true, "AE 207"},
        {4711, "A01", "resident_id", true, "AE 207"},
        {COMMON(BAD_TEXT), "A01", "report_visit.visit_number", true, "AE 102 PV1-19"},
        {COMMON(IN_THE_FUTURE), "A01", "occurred_at_ms", true, "AE 102 EVN-2"},
        {COMMON(IN_THE_FUTURE), "A01", "opened_at_ms", true, "AE 102 PV1-44"},
        {COMMON(IN_THE_FUTURE), "A01", "", true, "AE 102 EVN-2"},
        {COMMON(BAD_TIME), "A01", "recorded_at_ms", true, "AE 102 EVN-2"},
        {COMMON(MISSING), "A01", "visit_class", true, "AE 101 PV1-2"},
        {COMMON(MISSING), "A01", "person", true, "AE 101 PID-3"},
        {COMMON(NOT_FOUND), "A01", "", true, "AE 204"},
        {VISITS(FACILITY_UNKNOWN), "A01", "", true, "AE 204 MSH-4"},
        {VISITS(RESIDENT_ID_INVALID), "A01", "person.resident_id", true, "AE 103 PID-3"},
        {VISITS(RESIDENT_ID_INVALID), "A01", "person.resident_id", false, "warning 103 PID-3"},
        {VISITS(IDENTITY_MISSING), "A01", "person", true, "AE 101 PID-3"},
        {VISITS(VISIT_UNKNOWN), "A02", "visit_number", true, "AE 204 PV1-19"},
        {VISITS(VISIT_UNKNOWN), "A02", "", true, "AE 204 PV1-19"},
        {VISITS(VISIT_UNKNOWN), "A45", "", true, "AE 204 MRG-5"},
        {VISITS(VISIT_UNKNOWN), "A45", "moves[1].visit_number", true, "AE 204 MRG(2)-5"},
        {VISITS(VISIT_UNKNOWN), "A06", "former_number", true, "AE 204 MRG-5"},
        {VISITS(IDENTIFIER_NOT_YOURS), "A45", "moves[1].person.local_ids[0].domain", true, "AE 204 PID-3.4"},
        {VISITS(FIELD_TOO_LONG), "A50", "moves[2].new_number", true, "AE 102 PV1(3)-19"},
        {VISITS(FIELD_TOO_LONG), "A01", "department", true, "AE 102 PV1-3"},
        {VISITS(FIELD_TOO_LONG), "A01", "movement", true, "AE 102 ZBE-1"},
        {VISITS(IDENTIFIER_NOT_YOURS), "A01", "", true, "AE 204 PID-3.4"},
        {VISITS(IDENTIFIER_NOT_YOURS), "A01", "person.local_ids[1].domain", true, "AE 204 PID-3.4"},
        {VISITS(IDENTIFIER_NOT_YOURS), "A40", "merges[1].prior.local_ids[0].domain", true, "AE 204 MRG(2)-1.4"},
        {VISITS(IDENTIFIER_NOT_YOURS), "A40", "merges[1].survivor.local_ids[0].domain", true, "AE 204 PID(2)-3"},
        {VISITS(IDENTIFIER_UNKNOWN), "A40", "merges[2].prior", true, "AE 204 MRG(3)-1"},
        {VISITS(IDENTIFIER_UNKNOWN), "A24", "second", true, "AE 204 PID(2)-3"},
        {VISITS(IDENTIFIER_UNKNOWN), "A24", "first", true, "AE 204 PID-3"},
        {VISITS(IDENTIFIER_UNKNOWN), "A31", "", true, "AE 204 PID-3"},
        {VISITS(MERGE_LOOP), "A40", "", true, "AE 205 MRG-1"},
        {VISITS(MERGE_LOOP), "A40", "merges[1].prior", true, "AE 205 MRG(2)-1"},
        {VISITS(MERGE_LOOP), "A40", "merges", true, "AE 205 MRG-1"},
        {VISITS(NOTHING_TO_MERGE), "A40", "", true, "AE 204 MRG-1"},
        {VISITS(NOTHING_TO_MERGE), "A40", "merges", true, "AE 204 MRG-1"},
        {VISITS(IDENTIFIER_UNKNOWN), "A40", "merges.prior", true, "AE 204 MRG-1"},
        {VISITS(IDENTIFIER_NOT_YOURS), "A01", "local_ids.domain", true, "AE 204 PID-3.4"},
        {VISITS(VISIT_UNKNOWN), "A45", "visit_number", true, "AE 204 MRG-5"},
        {VISITS(VISIT_UNKNOWN), "A50", "moves", true, "AE 204 MRG-5"},
        {VISITS(PERSON_IN_USE), "A29", "person", true, "AE 206 PID-3"},
        {VISITS(CONFLICT_OPENED), "A31", "person", false, "AE 0"},
        {VISITS(FACILITY_UNKNOWN), "A31", "", false, "AE 0"},
        {4711, "A31", "", false, "AE 0"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct hl7_header header = {.trigger = {rows[i].trigger, 3}};
        struct line line = {.size = 0};
        struct verdict verdict = map_problem(&header, rows[i].code, rows[i].field, rows[i].is_refusal);
        put_verdict(&line, &verdict);
        if (strcmp(line.bytes, rows[i].want) != 0) {
            fail_msg("%u %s: %s, not %s", (unsigned)rows[i].code, rows[i].field, line.bytes, rows[i].want);
        }
    }
    struct verdict verdict = map_problem(&(struct hl7_header){0}, VISITS(VISIT_UNKNOWN), NULL, true);
    assert_int_equal(verdict.code, HL7_CODE_UNKNOWN_KEY);
}

/* Whatever the registry refuses is answered: every code of both lists, now and later. */
static void test_no_refusal_is_positive(void **state) {
    (void)state;
    struct hl7_header header = {0};
    for (uint32_t code = 0; code < 300; code++) {
        struct verdict verdict = map_problem(&header, code, "", true);
        assert_true(verdict.code != HL7_CODE_OK && !verdict.is_warning);
        assert_true(!verdict.is_reject || verdict.code == HL7_CODE_INTERNAL);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_meanings),
        cmocka_unit_test(test_odd_ones),
        cmocka_unit_test(test_authorities),
        cmocka_unit_test(test_births),
        cmocka_unit_test(test_persons),
        cmocka_unit_test(test_merges),
        cmocka_unit_test(test_links),
        cmocka_unit_test(test_repetitions_are_bounded),
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_header_alone),
        cmocka_unit_test(test_problems),
        cmocka_unit_test(test_no_refusal_is_positive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
