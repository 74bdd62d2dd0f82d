/* Hashes against the vectors of FIPS 180 and RFC 4231. */
#include "base/digest.h"

#include "base/hex.h"
#include "tests/harness/harness.h"

TEST(sha256_gives_the_published_hashes)
{
    uint8_t hash[TRN_SHA256_BYTES];
    char text[2 * TRN_SHA256_BYTES + 1];
    const struct trn_slice parts[] = {trn_slice_text("a"),
                                      trn_slice_text(""),
                                      trn_slice_text("bc")};

    CHECK_INT(trn_sha256(NULL, 0, hash), TERN_OK);
    trn_hex_encode(hash, sizeof(hash), text);
    CHECK_TEXT(text, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK_INT(trn_sha256(parts, 3, hash), TERN_OK);
    trn_hex_encode(hash, sizeof(hash), text);
    CHECK_TEXT(text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(sha1_gives_the_published_hash)
{
    uint8_t hash[TRN_SHA1_BYTES];
    char text[2 * TRN_SHA1_BYTES + 1];
    const struct trn_slice parts[] = {trn_slice_text("ab"), trn_slice_text("c")};

    CHECK_INT(trn_sha1(parts, 2, hash), TERN_OK);
    trn_hex_encode(hash, sizeof(hash), text);
    CHECK_TEXT(text, "a9993e364706816aba3e25717850c26c9cd0d89d");
}

TEST(hmac_sha256_gives_the_published_value)
{
    uint8_t mac[TRN_SHA256_BYTES];
    char text[2 * TRN_SHA256_BYTES + 1];
    const struct trn_slice parts[] = {trn_slice_text("what do ya want "),
                                      trn_slice_text("for nothing?")};

    CHECK_INT(trn_hmac_sha256(trn_slice_text("Jefe"), parts, 2, mac), TERN_OK);
    trn_hex_encode(mac, sizeof(mac), text);
    CHECK_TEXT(text, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}
