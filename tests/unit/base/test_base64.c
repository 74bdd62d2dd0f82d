/* Base64 without padding: the RFC's vectors, and one spelling for each byte string. */
#include "base/base64.h"

#include <string.h>

#include "tests/harness/harness.h"

struct vector {
    const char *bytes;
    const char *text;
};

static const struct vector vectors[] = {
    {"", ""},
    {"f", "Zg"},
    {"fo", "Zm8"},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg"},
    {"fooba", "Zm9vYmE"},
    {"foobar", "Zm9vYmFy"},
    {"\xFB\xFF\xBF", "+/+/"},
};

TEST(each_vector_of_rfc_4648_goes_both_ways)
{
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        size_t size = strlen(vectors[i].bytes);
        char text[16] = {0};
        uint8_t bytes[16] = {0};

        CHECK_INT(trn_base64_encoded_size(size), strlen(vectors[i].text));
        CHECK_INT(trn_base64_decoded_size(strlen(vectors[i].text)), size);
        trn_base64_encode((const uint8_t *)vectors[i].bytes, size, text);
        CHECK_TEXT(text, vectors[i].text);
        CHECK(trn_base64_decode(trn_slice_text(vectors[i].text), bytes));
        CHECK(memcmp(bytes, vectors[i].bytes, size) == 0);
    }
}

TEST(another_spelling_of_the_same_bytes_is_refused)
{
    static const char *const wrong[] =
        {"Zh", "Zm9", "Z", "Zm9vY", "Zg==", "Zg=", "Z g", "Zm-v", "Zm_v", "Zm9\n", "\xC3\xA9zz"};
    uint8_t bytes[16];

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        CHECK(!trn_base64_decode(trn_slice_text(wrong[i]), bytes));
    }
}
