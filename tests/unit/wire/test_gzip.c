/* Compressed bodies: whole or refused, and never more memory than the limit. */
#include "wire/gzip.h"

#include <string.h>

#include "tests/harness/harness.h"

enum { MIB = 1024 * 1024 };

static void fill(struct trn_bytes *bytes, size_t size)
{
    uint32_t state = 7;

    CHECK_INT(trn_bytes_reserve(bytes, size), TERN_OK);
    for (size_t i = 0; i < size; i++) {
        state = state * 1664525 + 1013904223;
        bytes->data[i] = (uint8_t)(state >> 29);
    }
    bytes->size = size;
    bytes->data[size] = 0;
}

TEST(what_was_compressed_comes_back)
{
    static const size_t sizes[] = {0, 1, 300, 4096, 4097, 100000, 3 * MIB};

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct trn_bytes plain = {0};
        struct trn_bytes gzip = {0};
        struct trn_bytes back = {0};

        fill(&plain, sizes[i]);
        CHECK_INT(trn_bytes_append_text(&back, "before"), TERN_OK);
        CHECK_INT(trn_gzip(trn_bytes_slice(&plain), 6, &gzip, NULL), TERN_OK);
        CHECK_INT(trn_gunzip(trn_bytes_slice(&gzip), sizes[i], &back, NULL), TERN_OK);
        CHECK_INT(back.size, sizes[i] + 6);
        CHECK(memcmp(back.data, "before", 6) == 0);
        CHECK(memcmp(back.data + 6, plain.data, sizes[i]) == 0);
        CHECK_INT(back.data[back.size], 0);
        trn_bytes_free(&plain);
        trn_bytes_free(&gzip);
        trn_bytes_free(&back);
    }
}

TEST(a_bomb_is_stopped_at_the_limit_and_takes_no_more_memory_than_that)
{
    struct trn_bytes plain = {0};
    struct trn_bytes gzip = {0};
    struct trn_bytes back = {0};
    tern_error error = {0};

    CHECK_INT(trn_bytes_reserve(&plain, 32 * MIB), TERN_OK);
    memset(plain.data, ' ', 32 * MIB);
    plain.size = 32 * MIB;
    CHECK_INT(trn_gzip(trn_bytes_slice(&plain), 9, &gzip, NULL), TERN_OK);
    CHECK(gzip.size < 64 * 1024);
    CHECK_INT(trn_gunzip(trn_bytes_slice(&gzip), MIB, &back, &error), TERN_ERR_TOO_LARGE);
    CHECK(back.size == 0 && back.capacity <= 2 * MIB + 2);
    CHECK_INT(error.status, TERN_ERR_TOO_LARGE);
    CHECK_INT(trn_gunzip(trn_bytes_slice(&gzip), 32 * MIB - 1, &back, NULL), TERN_ERR_TOO_LARGE);
    CHECK_INT(trn_gunzip(trn_bytes_slice(&gzip), 32 * MIB, &back, NULL), TERN_OK);
    trn_bytes_free(&plain);
    trn_bytes_free(&gzip);
    trn_bytes_free(&back);
}

TEST(a_body_cut_off_anywhere_or_followed_by_more_is_refused)
{
    struct trn_bytes plain = {0};
    struct trn_bytes gzip = {0};
    struct trn_bytes back = {0};

    fill(&plain, 2000);
    CHECK_INT(trn_gzip(trn_bytes_slice(&plain), 6, &gzip, NULL), TERN_OK);
    for (size_t size = 0; size < gzip.size; size++) {
        struct trn_slice cut = trn_slice_make(gzip.data, size);

        CHECK_INT(trn_gunzip(cut, MIB, &back, NULL), TERN_ERR_PROTOCOL);
        CHECK_INT(back.size, 0);
    }
    CHECK_INT(trn_bytes_append_byte(&gzip, 0), TERN_OK);
    CHECK_INT(trn_gunzip(trn_bytes_slice(&gzip), MIB, &back, NULL), TERN_ERR_PROTOCOL);
    CHECK_INT(trn_gunzip(trn_slice_text("plain"), MIB, &back, NULL), TERN_ERR_PROTOCOL);
    trn_bytes_free(&plain);
    trn_bytes_free(&gzip);
    trn_bytes_free(&back);
}

TEST(a_damaged_body_is_refused_by_its_checksum)
{
    struct trn_bytes plain = {0};
    struct trn_bytes gzip = {0};
    struct trn_bytes back = {0};

    fill(&plain, 500);
    CHECK_INT(trn_gzip(trn_bytes_slice(&plain), 1, &gzip, NULL), TERN_OK);
    for (size_t at = 10; at < gzip.size; at++) {
        gzip.data[at] ^= 1;
        CHECK_INT(trn_gunzip(trn_bytes_slice(&gzip), MIB, &back, NULL), TERN_ERR_PROTOCOL);
        gzip.data[at] ^= 1;
    }
    trn_bytes_free(&plain);
    trn_bytes_free(&gzip);
    trn_bytes_free(&back);
}

TEST(when_memory_runs_out_nothing_is_appended_and_nothing_leaks)
{
    struct trn_bytes plain = {0};

    fill(&plain, 20000);
    FOR_EACH_ALLOC_FAILURE (nth) {
        struct trn_bytes gzip = {0};
        struct trn_bytes back = {0};
        tern_status status = trn_gzip(trn_bytes_slice(&plain), 6, &gzip, NULL);

        if (status == TERN_OK) {
            status = trn_gunzip(trn_bytes_slice(&gzip), MIB, &back, NULL);
        }
        CHECK(status == TERN_OK || status == TERN_ERR_NOMEM);
        CHECK_INT(back.size, status == TERN_OK ? 20000 : 0);
        trn_bytes_free(&gzip);
        trn_bytes_free(&back);
    }
    trn_bytes_free(&plain);
}

static const char small_body[] =
    "{\"tern\":1,\"schema\":1,\"epoch\":\"47e0c539492bf22b\",\"time\":1795222986895135,"
    "\"cursor\":\"R+DFGErbA7XlpMUpnfJV\",\"verdicts\":1,\"more\":false}\n"
    "[\"v\",0,\"applied\",24,1795222986887388]\n[\"z\",2]\n";

TEST(a_small_body_shrinks_by_what_the_dictionary_knows_and_comes_back)
{
    struct trn_slice plain = trn_slice_text(small_body);
    const char *coding = trn_coding_for(plain.size, true, true);
    struct trn_bytes packed = {0};
    struct trn_bytes back = {0};

    CHECK_TEXT(coding, TRN_CODING_SMALL);
    CHECK_INT(trn_code(plain, coding, 6, &packed, NULL), TERN_OK);
    CHECK(packed.size * 2 < plain.size);
    CHECK_INT(trn_gunzip(trn_bytes_slice(&packed), MIB, &back, NULL), TERN_OK);
    CHECK(trn_slice_equal(trn_bytes_slice(&back), plain));
    for (size_t size = 0; size < packed.size; size++) {
        struct trn_slice cut = trn_slice_make(packed.data, size);

        CHECK_INT(trn_gunzip(cut, MIB, &back, NULL), TERN_ERR_PROTOCOL);
    }
    packed.data[3] ^= 1; /* another dictionary */
    CHECK_INT(trn_gunzip(trn_bytes_slice(&packed), MIB, &back, NULL), TERN_ERR_PROTOCOL);
    trn_bytes_free(&packed);
    trn_bytes_free(&back);
}

TEST(a_body_is_coded_as_its_size_and_the_other_side_ask_for)
{
    CHECK(trn_coding_for(64, true, true) == NULL);
    CHECK_TEXT(trn_coding_for(65, true, true), TRN_CODING_SMALL);
    CHECK_TEXT(trn_coding_for(4096, true, true), TRN_CODING_SMALL);
    CHECK_TEXT(trn_coding_for(4097, true, true), TRN_CODING_GZIP);
    CHECK_TEXT(trn_coding_for(301, true, false), TRN_CODING_GZIP);
    CHECK(trn_coding_for(300, true, false) == NULL);
    CHECK(trn_coding_for(5000, false, false) == NULL);
}
