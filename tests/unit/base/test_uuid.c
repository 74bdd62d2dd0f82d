/* Ids: texts that go both ways, v7 ids that only rise, v5 ids that everyone derives alike. */
#include "base/uuid.h"

#include <string.h>

#include "tests/harness/harness.h"

static const char text[] = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"; /* RFC 9562, appendix A.6 */

static tern_id parse(const char *from)
{
    tern_id id = {{0}};

    CHECK(trn_id_parse(trn_slice_text(from), &id));
    return id;
}

/* The 74 bits that are not time, version or variant, as far as a difference of two needs them. */
static uint64_t tail(const tern_id *id)
{
    uint64_t bits = 0;

    for (size_t i = 8; i < 16; i++) {
        bits = bits << 8 | id->bytes[i];
    }
    return bits & UINT64_C(0x3FFFFFFFFFFFFFFF);
}

static int64_t time_ms(const tern_id *id)
{
    int64_t time = 0;

    for (size_t i = 0; i < 6; i++) {
        time = time << 8 | id->bytes[i];
    }
    return time;
}

static void fill(uint8_t random[TRN_ID_V7_RANDOM_BYTES], uint8_t byte)
{
    memset(random, byte, TRN_ID_V7_RANDOM_BYTES);
}

TEST(an_id_survives_the_way_through_its_texts)
{
    tern_id id = parse(text);
    tern_id upper = parse("017F22E2-79B0-7CC3-98C4-DC0C0C07398F");
    tern_id again = {{0}};
    char long_text[TRN_ID_TEXT_SIZE + 1];
    char wire[TRN_ID_WIRE_SIZE + 1];

    CHECK(trn_id_equal(&id, &upper));
    trn_id_format(&id, long_text);
    CHECK_TEXT(long_text, text);
    trn_id_to_wire(&id, wire);
    CHECK_TEXT(wire, "AX8i4nmwfMOYxNwMDAc5jw");
    CHECK(trn_id_from_wire(trn_slice_text(wire), &again));
    CHECK(trn_id_equal(&id, &again));
}

TEST(a_text_that_is_no_id_writes_nothing)
{
    static const char *const wrong[] = {"",
                                        "017f22e2-79b0-7cc3-98c4-dc0c0c07398",
                                        "017f22e2-79b0-7cc3-98c4-dc0c0c07398ff",
                                        "017f22e279b07cc398c4dc0c0c07398f",
                                        "017f22e2079b0-7cc3-98c4-dc0c0c07398f",
                                        "017f22e2-79b0-7cc3-98c4-dc0c0c07398g",
                                        "{17f22e2-79b0-7cc3-98c4-dc0c0c07398}",
                                        "017f22e2-79b0-7cc3-98c4dc-0c0c07398f"};
    static const char *const wrong_wire[] = {"",
                                             "AX8i4nmwfMOYxNwMDAc5j",
                                             "AX8i4nmwfMOYxNwMDAc5jwA",
                                             "AX8i4nmwfMOYxNwMDAc5jx",
                                             "AX8i4nmwfMOYxNwMDAc5j="};
    tern_id id = {{1, 2, 3}};
    const tern_id before = id;

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        CHECK(!trn_id_parse(trn_slice_text(wrong[i]), &id));
    }
    for (size_t i = 0; i < sizeof(wrong_wire) / sizeof(wrong_wire[0]); i++) {
        CHECK(!trn_id_from_wire(trn_slice_text(wrong_wire[i]), &id));
    }
    CHECK(trn_id_equal(&id, &before));
}

TEST(only_all_zero_is_nil_and_order_is_bytewise)
{
    tern_id nil = {{0}};
    tern_id one = {{0}};

    one.bytes[15] = 1;
    CHECK(trn_id_is_nil(&nil) && !trn_id_is_nil(&one));
    CHECK(trn_id_compare(&nil, &one) < 0 && trn_id_compare(&one, &nil) > 0);
    CHECK(trn_id_compare(&one, &one) == 0);
}

TEST(a_v7_id_carries_time_version_and_variant)
{
    struct trn_id_v7_state state = {0};
    uint8_t random[TRN_ID_V7_RANDOM_BYTES];
    tern_id id;

    fill(random, 0xFF);
    trn_id_v7_next(&state, INT64_C(0x017F22E279B0), random, &id);
    CHECK_INT(time_ms(&id), INT64_C(0x017F22E279B0));
    CHECK_INT(id.bytes[6], 0x7F);
    CHECK_INT(id.bytes[8], 0xBF);
}

TEST(within_a_burst_each_id_is_the_one_before_plus_a_small_step)
{
    struct trn_id_v7_state state = {0};
    uint8_t random[TRN_ID_V7_RANDOM_BYTES];
    tern_id before;

    fill(random, 0x11);
    trn_id_v7_next(&state, 1000000, random, &before);
    for (int64_t i = 0; i < 1000; i++) {
        tern_id id;
        uint64_t step;

        fill(random, (uint8_t)(i * 37));
        trn_id_v7_next(&state, 1000000 + i / 5, random, &id);
        step = tail(&id) - tail(&before);
        CHECK(step >= 1 && step <= 65536);
        CHECK_INT(time_ms(&id), 1000000);
        before = id;
    }
}

TEST(after_a_burst_the_clock_and_fresh_randomness_speak_again)
{
    struct trn_id_v7_state state = {0};
    uint8_t random[TRN_ID_V7_RANDOM_BYTES];
    tern_id first;
    tern_id second;

    fill(random, 0x00);
    trn_id_v7_next(&state, 1000000, random, &first);
    fill(random, 0x7E);
    trn_id_v7_next(&state, 1000000 + TRN_ID_V7_BURST_MS, random, &second);
    CHECK_INT(time_ms(&second), 1000000 + TRN_ID_V7_BURST_MS);
    CHECK_INT(second.bytes[15], 0x7E);
}

TEST(v7_ids_rise_whatever_the_clock_does)
{
    static const int64_t walls[] =
        {5000, 5000, 5001, 4000, -1, 5300, 0, 1893456000000, 5301, 1893456000001, 1893456999999};
    struct trn_id_v7_state state = {0};
    uint8_t random[TRN_ID_V7_RANDOM_BYTES];
    tern_id before = {{0}};

    for (size_t round = 0; round < 50; round++) {
        for (size_t i = 0; i < sizeof(walls) / sizeof(walls[0]); i++) {
            tern_id id;

            fill(random, (uint8_t)(round * 31 + i * 17));
            trn_id_v7_next(&state, walls[i], random, &id);
            CHECK(trn_id_compare(&id, &before) > 0);
            CHECK_INT(id.bytes[6] >> 4, 7);
            CHECK_INT(id.bytes[8] >> 6, 2);
            before = id;
        }
    }
}

TEST(a_step_carries_over_version_and_variant)
{
    struct trn_id_v7_state state = {0};
    uint8_t random[TRN_ID_V7_RANDOM_BYTES];
    tern_id id;
    char long_text[TRN_ID_TEXT_SIZE + 1];

    state.last = parse("00000000-2710-7abc-bfff-ffffffffffff");
    state.burst_ms = 10000;
    fill(random, 0x00);
    trn_id_v7_next(&state, 10000, random, &id);
    trn_id_format(&id, long_text);
    CHECK_TEXT(long_text, "00000000-2710-7abd-8000-000000000000");
}

TEST(when_the_random_bits_overflow_the_time_moves_on)
{
    struct trn_id_v7_state state = {0};
    uint8_t random[TRN_ID_V7_RANDOM_BYTES];
    tern_id id;
    char long_text[TRN_ID_TEXT_SIZE + 1];

    state.last = parse("00000000-2710-7fff-bfff-ffffffffffff");
    state.burst_ms = 10000;
    fill(random, 0x00);
    trn_id_v7_next(&state, 10000, random, &id);
    trn_id_format(&id, long_text);
    CHECK_TEXT(long_text, "00000000-2711-7000-8000-000000000000");
}

TEST(a_v5_id_is_the_one_that_the_rfc_derives)
{
    tern_id space = parse("6ba7b810-9dad-11d1-80b4-00c04fd430c8"); /* the DNS namespace */
    tern_id id;
    char long_text[TRN_ID_TEXT_SIZE + 1];

    CHECK_INT(trn_id_v5(&space, trn_slice_text("www.example.com"), &id), TERN_OK);
    trn_id_format(&id, long_text);
    CHECK_TEXT(long_text, "2ed6657d-e927-568b-95e1-2665a8aea6a2"); /* RFC 9562, appendix A.4 */
}

TEST(a_v4_id_is_random_but_for_version_and_variant)
{
    uint8_t random[16];
    tern_id id;
    char long_text[TRN_ID_TEXT_SIZE + 1];

    memset(random, 0xFF, sizeof(random));
    trn_id_v4(random, &id);
    trn_id_format(&id, long_text);
    CHECK_TEXT(long_text, "ffffffff-ffff-4fff-bfff-ffffffffffff");
}
