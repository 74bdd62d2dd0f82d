/* Zones: whatever the bytes are, they are refused or answered for every moment, within a day and a
 * bit of UTC. */
#include "tests/fuzz/fuzz.h"

#include "medication/tzif.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int64_t moments[] = {INT64_MIN, -2208988800, 0, 1784084400, 4107542400, INT64_MAX};
    struct trn_tzif zone;
    tern_status status = trn_tzif_read(data, size, &zone, NULL);

    fuzz_expect(status == TERN_OK || status == TERN_ERR_CORRUPT, "a zone is good or it is damaged");
    if (status != TERN_OK) {
        return 0;
    }
    for (size_t i = 0; i < sizeof(moments) / sizeof(moments[0]); i++) {
        int32_t offset = trn_tzif_offset(&zone, moments[i]);

        fuzz_expect(offset <= TRN_ZONE_OFFSET_MAX + 3600 && offset >= -TRN_ZONE_OFFSET_MAX,
                    "an offset is within a day and a bit");
    }
    trn_tzif_free(&zone);
    return 0;
}
