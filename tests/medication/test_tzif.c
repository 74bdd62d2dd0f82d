/* TZif files and TZ texts that are damaged: each is refused by name, and nothing is read past an
 * end. */
#include "medication/tzif.h"

#include <string.h>

#include "tests/harness/harness.h"

/* A zone of two changes and a rule; offsets of its parts are what the tests spoil. */
enum {
    FIRST_BYTES = 44 + 6 + 1,
    SECOND = FIRST_BYTES,
    TIMES = SECOND + 44,
    INDEXES = TIMES + 16,
    KINDS = INDEXES + 2,
    NAMES = KINDS + 12,
    FOOTER = NAMES + 8
};

static const char footer[] = "\nEST5EDT,M3.2.0,M11.1.0\n";
static uint8_t bytes[256];
static size_t size;

static void put_u32(size_t at, uint32_t number)
{
    bytes[at] = (uint8_t)(number >> 24);
    bytes[at + 1] = (uint8_t)(number >> 16);
    bytes[at + 2] = (uint8_t)(number >> 8);
    bytes[at + 3] = (uint8_t)number;
}

static void make(void)
{
    memset(bytes, 0, sizeof(bytes));
    memcpy(bytes, "TZif2", 5);
    put_u32(36, 1); /* kinds */
    put_u32(40, 1); /* names */
    memcpy(bytes + SECOND, "TZif2", 5);
    put_u32(SECOND + 32, 2); /* times */
    put_u32(SECOND + 36, 2);
    put_u32(SECOND + 40, 8);
    put_u32(TIMES + 4, 1000);
    put_u32(TIMES + 12, 2000);
    bytes[INDEXES] = 1;
    put_u32(KINDS, (uint32_t)-18000);
    put_u32(KINDS + 6, (uint32_t)-14400);
    bytes[KINDS + 10] = 1;
    memcpy(bytes + NAMES, "EST\0EDT", 8);
    memcpy(bytes + FOOTER, footer, sizeof(footer) - 1);
    size = FOOTER + sizeof(footer) - 1;
}

static void refuse(const char *why)
{
    struct trn_tzif zone = {.count = 77};
    tern_error error = {0};

    CHECK_INT(trn_tzif_read(bytes, size, &zone, &error), TERN_ERR_CORRUPT);
    CHECK_TEXT(error.message, why);
    CHECK_INT(zone.count, 77);
}

TEST(a_zone_is_read_by_its_table_and_then_by_its_rule)
{
    struct trn_tzif zone;

    make();
    CHECK_INT(trn_tzif_read(bytes, size, &zone, NULL), TERN_OK);
    CHECK_INT(trn_tzif_offset(&zone, INT64_MIN), -18000);
    CHECK_INT(trn_tzif_offset(&zone, 999), -18000);
    CHECK_INT(trn_tzif_offset(&zone, 1000), -14400);
    CHECK_INT(trn_tzif_offset(&zone, 1999), -14400);
    CHECK_INT(trn_tzif_offset(&zone, 2000), -18000);
    CHECK_INT(trn_tzif_offset(&zone, 1784084400), -14400);
    (void)trn_tzif_offset(&zone, INT64_MAX);
    trn_tzif_free(&zone);
}

TEST(a_zone_cut_anywhere_is_refused)
{
    make();
    for (size_t whole = size; size > 0;) {
        struct trn_tzif zone;

        size--;
        CHECK_INT(trn_tzif_read(bytes, size, &zone, NULL), TERN_ERR_CORRUPT);
        (void)whole;
    }
}

TEST(what_is_wrong_with_a_zone_is_named)
{
    make();
    bytes[0] = 'X';
    refuse("zone file: no header");
    make();
    bytes[4] = 0;
    refuse("zone file: it is of version 1, which ends in 2038");
    make();
    put_u32(SECOND + 32, 0xffffffff);
    refuse("zone file: a count is too large");
    make();
    put_u32(SECOND + 28, 1);
    bytes[size] = '\n';
    refuse("zone file: it counts leap seconds, which clocks here do not");
    make();
    put_u32(SECOND + 36, 0);
    put_u32(SECOND + 40, 20);
    refuse("zone file: no kind of local time");
    make();
    put_u32(KINDS, 100000);
    refuse("zone file: an offset is out of range");
    make();
    bytes[KINDS + 5] = 8;
    refuse("zone file: a kind of local time is malformed");
    make();
    put_u32(TIMES + 12, 1000);
    refuse("zone file: its changes are out of order");
    make();
    bytes[INDEXES + 1] = 2;
    refuse("zone file: a change leads to no kind of local time");
    make();
    bytes[FOOTER] = ' ';
    refuse("zone file: no footer");
    make();
    bytes[FOOTER + 5] = '!';
    refuse("zone file: its footer is no rule");
}

TEST(texts_that_are_no_rule_are_refused)
{
    static const char *const bad[] = {"",
                                      "E5",
                                      "EST",
                                      "EST5EDT",
                                      "EST5EDT,M3.2.0",
                                      "EST5EDT,M3.2.0,",
                                      "EST5EDT,M13.2.0,M11.1.0",
                                      "EST5EDT,M3.6.0,M11.1.0",
                                      "EST5EDT,M3.2.7,M11.1.0",
                                      "EST5EDT,J0,J1",
                                      "EST5EDT,366,1",
                                      "EST27",
                                      "EST5:60",
                                      "<+01-1",
                                      "EST5 ",
                                      "EST5EDT,M3.2.0/168,J1",
                                      "EST99999999999999"};
    struct trn_rule rule = {.standard_s = 77};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (trn_rule_parse(bad[i], strlen(bad[i]), &rule)) {
            fail_msg("%s is taken", bad[i]);
        }
    }
    CHECK_INT(rule.standard_s, 77);
}

static int32_t offset_by(const char *text, int64_t utc_s)
{
    struct trn_rule rule;

    CHECK(trn_rule_parse(text, strlen(text), &rule));
    return trn_rule_offset(&rule, utc_s);
}

TEST(rules_of_every_form_are_followed)
{
    CHECK_INT(offset_by("<+01>-1", 0), 3600);
    CHECK_INT(offset_by("<-0330>+3:30:00", 0), -12600);
    /* 60 counted without leap days is 1 March; 59 from 0 is 29 February where there is one. */
    CHECK_INT(offset_by("AAA0BBB,J60/0,J365", 1709251199), 0);
    CHECK_INT(offset_by("AAA0BBB,J60/0,J365", 1709251200), 3600);
    CHECK_INT(offset_by("AAA0BBB,59/0,J365", 1709164800), 3600);
    CHECK_INT(offset_by("AAA0BBB,59/0,J365", 1709164799), 0);
    /* Winter as the shifted half of the year, and a change on the eve of its day. */
    CHECK_INT(offset_by("IST-1GMT0,M10.5.0,M3.5.0/1", 1768446000), 0);
    CHECK_INT(offset_by("IST-1GMT0,M10.5.0,M3.5.0/1", 1784084400), 3600);
    CHECK_INT(offset_by("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", 1774745999), -7200);
    CHECK_INT(offset_by("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", 1774746000), -3600);
    /* Summer all year: each year's end is the next one's start (RFC 8536, 3.3.1). */
    CHECK_INT(offset_by("EST5EDT,0/0,J365/25", 1768446000), -14400);
    CHECK_INT(offset_by("EST5EDT,0/0,J365/25", 1784084400), -14400);
}
