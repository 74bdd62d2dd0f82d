/* Zones of the system's files against facts that another implementation gave, and local time both
 * ways, through gaps and overlaps. */
#include "tern/medication/zone.h"

#include <stdio.h>
#include <string.h>

#include "tests/harness/harness.h"

static tern_posix_zones *zones;
static tern_zone_port port;

static void begin(void)
{
    assert_int_equal(tern_posix_zones_open(NULL, &zones, NULL), TERN_OK);
    tern_posix_zones_port(zones, &port);
}

static void end(void)
{
    tern_posix_zones_close(zones);
}

static const struct {
    const char *zone;
    int64_t utc_s;
    int32_t offset_s;
} facts[] = {{"Asia/Phnom_Penh", INT64_C(-2208988800), 25180},    /* 1900-01-01T00:00:00 */
             {"Asia/Phnom_Penh", INT64_C(1709208000), 25200},     /* 2024-02-29T12:00:00 */
             {"Asia/Phnom_Penh", INT64_C(1784084400), 25200},     /* 2026-07-15T03:00:00 */
             {"Asia/Phnom_Penh", INT64_C(4107542400), 25200},     /* 2100-03-01T00:00:00 */
             {"America/New_York", INT64_C(-1), -18000},           /* 1969-12-31T23:59:59 */
             {"America/New_York", INT64_C(1709208000), -18000},   /* 2024-02-29T12:00:00 */
             {"America/New_York", INT64_C(1772953199), -18000},   /* 2026-03-08T06:59:59 */
             {"America/New_York", INT64_C(1772953200), -14400},   /* 2026-03-08T07:00:00 */
             {"America/New_York", INT64_C(1793512799), -14400},   /* 2026-11-01T05:59:59 */
             {"America/New_York", INT64_C(1793512800), -18000},   /* 2026-11-01T06:00:00 */
             {"America/New_York", INT64_C(2140668000), -18000},   /* 2037-11-01T06:00:00 */
             {"America/New_York", INT64_C(4108690799), -18000},   /* 2100-03-14T06:59:59 */
             {"America/New_York", INT64_C(4108690800), -14400},   /* 2100-03-14T07:00:00 */
             {"America/New_York", INT64_C(4118083200), -14400},   /* 2100-07-01T00:00:00 */
             {"America/New_York", INT64_C(13574606400), -18000},  /* 2400-02-29T12:00:00 */
             {"Australia/Lord_Howe", INT64_C(1775314799), 39600}, /* 2026-04-04T14:59:59 */
             {"Australia/Lord_Howe", INT64_C(1775314800), 37800}, /* 2026-04-04T15:00:00 */
             {"Australia/Lord_Howe", INT64_C(1791041399), 37800}, /* 2026-10-03T15:29:59 */
             {"Australia/Lord_Howe", INT64_C(1791041400), 39600}, /* 2026-10-03T15:30:00 */
             {"Australia/Lord_Howe", INT64_C(2540246400), 37800}, /* 2050-07-01T00:00:00 */
             {"Australia/Lord_Howe", INT64_C(4102444800), 39600}, /* 2100-01-01T00:00:00 */
             {"Europe/Dublin", INT64_C(-2208988800), -1521},      /* 1900-01-01T00:00:00 */
             {"Europe/Dublin", INT64_C(-1), 3600},                /* 1969-12-31T23:59:59 */
             {"Europe/Dublin", INT64_C(1774745999), 0},           /* 2026-03-29T00:59:59 */
             {"Europe/Dublin", INT64_C(1774746000), 3600},        /* 2026-03-29T01:00:00 */
             {"Europe/Dublin", INT64_C(1792889999), 3600},        /* 2026-10-25T00:59:59 */
             {"Europe/Dublin", INT64_C(1792890000), 0},           /* 2026-10-25T01:00:00 */
             {"Europe/Dublin", INT64_C(4118083200), 3600},        /* 2100-07-01T00:00:00 */
             {"Europe/Dublin", INT64_C(4133376000), 0},           /* 2100-12-25T00:00:00 */
             {"Africa/Casablanca", INT64_C(1768446000), 3600},    /* 2026-01-15T03:00:00 */
             {"Africa/Casablanca", INT64_C(1771120799), 3600},    /* 2026-02-15T01:59:59 */
             {"Africa/Casablanca", INT64_C(1771120800), 0},       /* 2026-02-15T02:00:00 */
             {"Africa/Casablanca", INT64_C(1774144799), 0},       /* 2026-03-22T01:59:59 */
             {"Africa/Casablanca", INT64_C(1774144800), 3600},    /* 2026-03-22T02:00:00 */
             {"Africa/Casablanca", INT64_C(4118083200), 3600},
             /* 2100-07-01T00:00:00 */};

TEST(offsets_are_those_of_the_tz_database_before_within_and_past_its_table)
{
    begin();
    for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
        int32_t offset = -1;

        CHECK_INT(port.offset(port.context, facts[i].zone, facts[i].utc_s * 1000000, &offset, NULL),
                  TERN_OK);
        if (offset != facts[i].offset_s) {
            fail_msg("%s: fact %zu: %d", facts[i].zone, i, (int)offset);
        }
    }
    end();
}

/* The local time "YYYY-MM-DD HH:MM:SS" and the moment that it must mean. */
static void expect(const char *zone, const char *local, tern_zone_fit fit, const char *utc)
{
    tern_local_time time = {0};
    tern_local_time there = {0};
    tern_zone_fit found = TERN_ZONE_FITS;
    int64_t us = 0;
    char text[80];

    CHECK_INT(sscanf(local,
                     "%d-%d-%d %d:%d:%d",
                     &time.year,
                     &time.month,
                     &time.day,
                     &time.hour,
                     &time.minute,
                     &time.second),
              6);
    CHECK_INT(tern_zone_to_utc(&port, zone, &time, &us, &found, NULL), TERN_OK);
    CHECK_INT(found, fit);
    CHECK_INT(tern_zone_to_local(&port, "Etc/UTC", us, &there, NULL), TERN_OK);
    (void)snprintf(text,
                   sizeof(text),
                   "%04d-%02d-%02d %02d:%02d:%02d",
                   there.year,
                   there.month,
                   there.day,
                   there.hour,
                   there.minute,
                   there.second);
    CHECK_TEXT(text, utc);
}

TEST(a_local_time_that_happens_once_is_that_moment)
{
    begin();
    expect("Asia/Phnom_Penh", "2026-11-21 07:30:00", TERN_ZONE_FITS, "2026-11-21 00:30:00");
    expect("Asia/Phnom_Penh", "2024-02-29 00:00:00", TERN_ZONE_FITS, "2024-02-28 17:00:00");
    expect("America/New_York", "2100-02-28 23:59:59", TERN_ZONE_FITS, "2100-03-01 04:59:59");
    expect("Australia/Lord_Howe", "2026-01-01 00:00:00", TERN_ZONE_FITS, "2025-12-31 13:00:00");
    end();
}

TEST(a_local_time_in_a_gap_moves_forward_by_the_gap)
{
    begin();
    expect("America/New_York", "2026-03-08 01:59:59", TERN_ZONE_FITS, "2026-03-08 06:59:59");
    expect("America/New_York", "2026-03-08 02:00:00", TERN_ZONE_GAP, "2026-03-08 07:00:00");
    expect("America/New_York", "2026-03-08 02:30:00", TERN_ZONE_GAP, "2026-03-08 07:30:00");
    expect("America/New_York", "2026-03-08 03:00:00", TERN_ZONE_FITS, "2026-03-08 07:00:00");
    expect("Australia/Lord_Howe", "2026-10-04 02:15:00", TERN_ZONE_GAP, "2026-10-03 15:45:00");
    expect("Europe/Dublin", "2026-03-29 01:30:00", TERN_ZONE_GAP, "2026-03-29 01:30:00");
    expect("Africa/Casablanca", "2026-03-22 02:30:00", TERN_ZONE_GAP, "2026-03-22 02:30:00");
    expect("America/New_York", "2100-03-14 02:30:00", TERN_ZONE_GAP, "2100-03-14 07:30:00");
    end();
}

TEST(of_a_local_time_that_happens_twice_the_first_is_taken)
{
    begin();
    expect("America/New_York", "2026-11-01 00:59:59", TERN_ZONE_FITS, "2026-11-01 04:59:59");
    expect("America/New_York", "2026-11-01 01:00:00", TERN_ZONE_OVERLAP, "2026-11-01 05:00:00");
    expect("America/New_York", "2026-11-01 01:59:59", TERN_ZONE_OVERLAP, "2026-11-01 05:59:59");
    expect("America/New_York", "2026-11-01 02:00:00", TERN_ZONE_FITS, "2026-11-01 07:00:00");
    expect("Australia/Lord_Howe", "2026-04-05 01:45:00", TERN_ZONE_OVERLAP, "2026-04-04 14:45:00");
    expect("Africa/Casablanca", "2026-02-15 02:30:00", TERN_ZONE_OVERLAP, "2026-02-15 01:30:00");
    end();
}

TEST(a_moment_and_its_local_time_lead_to_each_other_every_half_hour_of_a_year)
{
    static const char *const names[] = {"America/New_York",
                                        "Australia/Lord_Howe",
                                        "Europe/Dublin",
                                        "Africa/Casablanca"};

    begin();
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        for (int64_t at = 0; at < INT64_C(366) * 48; at++) {
            int64_t utc_us = INT64_C(1767225600000000) + at * 1800000000;
            tern_local_time local;
            tern_zone_fit fit;
            int64_t back = 0;

            CHECK_INT(tern_zone_to_local(&port, names[i], utc_us, &local, NULL), TERN_OK);
            CHECK_INT(tern_zone_to_utc(&port, names[i], &local, &back, &fit, NULL), TERN_OK);
            if (fit == TERN_ZONE_GAP || (fit == TERN_ZONE_FITS && back != utc_us) ||
                back > utc_us || utc_us - back > INT64_C(3600000000)) {
                fail_msg("%s: half hour %d", names[i], (int)at);
            }
        }
    }
    end();
}

TEST(names_that_are_none_and_zones_that_are_not_there_are_told_apart)
{
    static const char *const bad[] = {"",
                                      "/etc/passwd",
                                      "../passwd",
                                      "Asia//Tokyo",
                                      "Asia/",
                                      "A b",
                                      "Asia/Phnom_Penh\n",
                                      /* What a system keeps beside the zones. */
                                      "localtime",
                                      "LOCALTIME",
                                      "posixrules",
                                      "Factory",
                                      "posix/Asia/Tokyo",
                                      "right/Asia/Tokyo"};
    int32_t offset = 5;

    begin();
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        CHECK_INT(port.offset(port.context, bad[i], 0, &offset, NULL), TERN_ERR_FORMAT);
    }
    CHECK_INT(port.offset(port.context, "Asia/Nowhere", 0, &offset, NULL), TERN_ERR_NOT_FOUND);
    CHECK_INT(port.offset(port.context, "Asia", 0, &offset, NULL), TERN_ERR_NOT_FOUND);
    CHECK_INT(offset, 5);
    end();
}

TEST(a_file_that_is_no_zone_is_named_as_damaged)
{
    const char *folder = trn_test_folder();
    FILE *file = fopen(trn_test_path(folder, "Bad"), "wb");
    int32_t offset = 5;

    CHECK(file != NULL && fputs("TZif2 and then nothing", file) >= 0 && fclose(file) == 0);
    CHECK_INT(tern_posix_zones_open(folder, &zones, NULL), TERN_OK);
    tern_posix_zones_port(zones, &port);
    CHECK_INT(port.offset(port.context, "Bad", 0, &offset, NULL), TERN_ERR_CORRUPT);
    CHECK_INT(offset, 5);
    end();
}

TEST(a_local_time_that_no_calendar_has_is_refused)
{
    static const tern_local_time bad[] = {{2100, 2, 29, 0, 0, 0},
                                          {2026, 0, 1, 0, 0, 0},
                                          {2026, 13, 1, 0, 0, 0},
                                          {2026, 1, 1, 24, 0, 0},
                                          {2026, 1, 1, 0, 60, 0},
                                          {0, 1, 1, 0, 0, 0},
                                          {2026, 4, 31, 0, 0, 0},
                                          {2026, 1, 1, 0, 0, 60}};
    int64_t us = 7;

    begin();
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        CHECK_INT(tern_zone_to_utc(&port, "Etc/UTC", &bad[i], &us, NULL, NULL), TERN_ERR_RANGE);
    }
    CHECK_INT(us, 7);
    end();
}

TEST(zones_leave_outputs_untouched_when_memory_runs_out)
{
    FOR_EACH_ALLOC_FAILURE (nth) {
        tern_posix_zones *own = NULL;
        tern_zone_port there;
        tern_local_time local = {0};
        int32_t offset = 5;
        int64_t us = 7;
        tern_status status = tern_posix_zones_open(NULL, &own, NULL);

        if (status == TERN_OK) {
            tern_posix_zones_port(own, &there);
            status = there.offset(there.context, "America/New_York", 0, &offset, NULL);
        }
        CHECK(status == TERN_OK ? offset == -18000 : status == TERN_ERR_NOMEM && offset == 5);
        if (status == TERN_OK) {
            status = tern_zone_to_local(&there, "Europe/Dublin", 0, &local, NULL);
            CHECK(status == TERN_OK ? local.year == 1970 : status == TERN_ERR_NOMEM);
        }
        if (status == TERN_OK) {
            status = tern_zone_to_utc(&there, "Asia/Phnom_Penh", &local, &us, NULL, NULL);
            CHECK(status == TERN_OK ? us != 7 : status == TERN_ERR_NOMEM && us == 7);
        }
        tern_posix_zones_close(own);
    }
}
