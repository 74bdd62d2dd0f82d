/* Cursors: the first byte says whether what follows is the text of one, or what this server sealed
 * itself. No text that it did not seal is taken, and one that is taken can be sealed again. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "base/base64.h"
#include "base/digest.h"
#include "base/memory.h"
#include "server/cursor.h"

static const struct trn_db_meta meta = {.epoch = {1, 2, 3, 4, 5, 6, 7, 8}, .seal_key = {9}};
static const tern_id user = {{1}};
static const tern_id device = {{2}};

/* The text of these bytes as this server would seal them. */
static void seal(struct trn_slice content, struct trn_bytes *text)
{
    const struct trn_slice parts[] = {trn_slice_make(user.bytes, sizeof(user.bytes)),
                                      trn_slice_make(device.bytes, sizeof(device.bytes)),
                                      content};
    struct trn_slice key = trn_slice_make(meta.seal_key, sizeof(meta.seal_key));
    uint8_t mac[TRN_SHA256_BYTES];
    struct trn_bytes bytes = {0};
    size_t size;

    fuzz_expect(trn_hmac_sha256(key, parts, 3, mac) == TERN_OK &&
                    trn_bytes_append_slice(&bytes, content) == TERN_OK &&
                    trn_bytes_append(&bytes, mac, TRN_CURSOR_SEAL_BYTES) == TERN_OK,
                "bytes can be sealed");
    size = trn_base64_encoded_size(bytes.size);
    fuzz_expect(trn_bytes_reserve(text, size) == TERN_OK, "there is memory");
    trn_base64_encode(bytes.data, bytes.size, (char *)text->data);
    text->size = size;
    trn_bytes_free(&bytes);
}

static bool open_text(struct trn_slice text, struct trn_cursor *ret_cursor)
{
    tern_status status = trn_cursor_open(text, &meta, &user, &device, ret_cursor, NULL);

    fuzz_expect(status == TERN_OK || status == TERN_ERR_CURSOR, "a cursor is good or it is not");
    return status == TERN_OK;
}

/* Seals the cursor again, reads that, and so once more. */
static void fuzz_again(const struct trn_cursor *cursor)
{
    struct trn_bytes once = {0};
    struct trn_bytes twice = {0};
    struct trn_cursor again;

    fuzz_expect(trn_cursor_seal(cursor, &meta, &user, &device, &once, NULL) == TERN_OK &&
                    open_text(trn_bytes_slice(&once), &again),
                "a cursor that was read can be given again");
    fuzz_expect(trn_cursor_seal(&again, &meta, &user, &device, &twice, NULL) == TERN_OK &&
                    fuzz_equal(&once, &twice),
                "a cursor given again says the same");
    trn_cursor_free(&again);
    trn_bytes_free(&once);
    trn_bytes_free(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct trn_bytes text = {0};
    struct trn_slice rest;
    struct trn_cursor cursor;

    if (size == 0) {
        return 0;
    }
    rest = trn_slice_make(data + 1, size - 1);
    if (data[0] == 's') {
        seal(rest, &text);
        rest = trn_bytes_slice(&text);
    }
    if (open_text(rest, &cursor)) {
        fuzz_again(&cursor);
        trn_cursor_free(&cursor);
    }
    trn_bytes_free(&text);
    return 0;
}
