/* Requests: what is read can be written again, and says the same then; no entry of one whose
 * framing was found right fails for it. */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "tests/unit/model/tables.h"
#include "wire/request.h"

static void read_entry(const struct trn_request_entry *entry)
{
    struct trn_entry_reader reader;
    struct trn_change change;
    bool any = true;
    tern_status status = trn_entry_open(&reader, tables_schema(), entry->bytes, NULL);

    while (status == TERN_OK && any) {
        status = trn_entry_next(&reader, &any, &change, NULL);
    }
    trn_entry_close(&reader);
}

/* The request again, as the device would spell it; false where it cannot be read. */
static bool rewrite(struct trn_slice text, struct trn_bytes *bytes, uint8_t ret_hash[32])
{
    struct trn_request_reader reader;
    struct trn_request_entry entry;
    struct trn_line_writer writer;
    bool good;
    bool any = true;
    size_t count = 0;

    trn_line_writer_open(&writer, bytes);
    good = trn_request_open(&reader, text, NULL) == TERN_OK;
    fuzz_expect(!good || trn_request_write_envelope(&writer, &reader.envelope, NULL) == TERN_OK,
                "an envelope can be written again");
    while (good && any) {
        fuzz_expect(trn_request_next(&reader, &any, &entry, NULL) == TERN_OK,
                    "what is well framed can be read");
        if (any) {
            read_entry(&entry);
            memcpy(ret_hash, entry.hash, sizeof(entry.hash));
            fuzz_expect(trn_request_write_entry(&writer, &entry.attempt, entry.bytes, NULL) ==
                            TERN_OK,
                        "an entry can be sent again");
            count++;
        }
    }
    fuzz_expect(!good || count == reader.envelope.tx_count, "there are as many entries as said");
    fuzz_expect(!good || trn_line_write_last(&writer, NULL) == TERN_OK, "a request can be ended");
    trn_request_close(&reader);
    return good;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct trn_bytes once = {0};
    struct trn_bytes twice = {0};
    uint8_t hash[TRN_SHA256_BYTES] = {0};
    uint8_t again[TRN_SHA256_BYTES] = {0};

    if (rewrite(trn_slice_make(data, size), &once, hash)) {
        fuzz_expect(rewrite(trn_bytes_slice(&once), &twice, again), "what was written can be read");
        fuzz_expect(fuzz_equal(&once, &twice), "a request written again says the same");
        fuzz_expect(memcmp(hash, again, sizeof(hash)) == 0, "an entry keeps its hash");
    }
    trn_bytes_free(&once);
    trn_bytes_free(&twice);
    return 0;
}
