/* Hexadecimal: both cases in, lower case out, all or nothing. */
#include "base/hex.h"

#include <string.h>

#include "tests/harness/harness.h"

TEST(bytes_survive_the_way_through_hex)
{
    const uint8_t bytes[] = {0x00, 0x0F, 0xA5, 0xFF};
    uint8_t again[4] = {0};
    char text[9];

    trn_hex_encode(bytes, sizeof(bytes), text);
    CHECK_TEXT(text, "000fa5ff");
    CHECK(trn_hex_decode(trn_slice_text("000FA5fF"), again, sizeof(again)));
    CHECK(memcmp(bytes, again, sizeof(bytes)) == 0);
}

TEST(what_is_no_hex_writes_nothing)
{
    uint8_t bytes[2] = {7, 7};

    CHECK(!trn_hex_decode(trn_slice_text("00"), bytes, 2));
    CHECK(!trn_hex_decode(trn_slice_text("00000"), bytes, 2));
    CHECK(!trn_hex_decode(trn_slice_text("000g"), bytes, 2));
    CHECK(!trn_hex_decode(trn_slice_text("00:0"), bytes, 2));
    CHECK(bytes[0] == 7 && bytes[1] == 7);
}
