/* Hashes by mbed TLS 2.28 and 3.x, whose fallible calls bear different names. */
#include "base/digest.h"

#include <string.h>

#include <mbedtls/md.h>
#include <mbedtls/sha1.h>
#include <mbedtls/sha256.h>
#include <mbedtls/version.h>

#if MBEDTLS_VERSION_MAJOR < 3
#define mbedtls_sha1_starts mbedtls_sha1_starts_ret
#define mbedtls_sha1_update mbedtls_sha1_update_ret
#define mbedtls_sha1_finish mbedtls_sha1_finish_ret
#define mbedtls_sha256_starts mbedtls_sha256_starts_ret
#define mbedtls_sha256_update mbedtls_sha256_update_ret
#define mbedtls_sha256_finish mbedtls_sha256_finish_ret
#endif

tern_status
trn_sha256(const struct trn_slice *parts, size_t count, uint8_t ret_hash[TRN_SHA256_BYTES])
{
    mbedtls_sha256_context context;
    uint8_t hash[TRN_SHA256_BYTES];
    int rc;

    mbedtls_sha256_init(&context);
    rc = mbedtls_sha256_starts(&context, 0);
    for (size_t i = 0; rc == 0 && i < count; i++) {
        rc = mbedtls_sha256_update(&context, parts[i].data, parts[i].size);
    }
    if (rc == 0) {
        rc = mbedtls_sha256_finish(&context, hash);
    }
    mbedtls_sha256_free(&context);
    if (rc != 0) {
        return TERN_ERR_INTERNAL;
    }
    memcpy(ret_hash, hash, sizeof(hash));
    return TERN_OK;
}

tern_status trn_sha1(const struct trn_slice *parts, size_t count, uint8_t ret_hash[TRN_SHA1_BYTES])
{
    mbedtls_sha1_context context;
    uint8_t hash[TRN_SHA1_BYTES];
    int rc;

    mbedtls_sha1_init(&context);
    rc = mbedtls_sha1_starts(&context);
    for (size_t i = 0; rc == 0 && i < count; i++) {
        rc = mbedtls_sha1_update(&context, parts[i].data, parts[i].size);
    }
    if (rc == 0) {
        rc = mbedtls_sha1_finish(&context, hash);
    }
    mbedtls_sha1_free(&context);
    if (rc != 0) {
        return TERN_ERR_INTERNAL;
    }
    memcpy(ret_hash, hash, sizeof(hash));
    return TERN_OK;
}

tern_status trn_hmac_sha256(struct trn_slice key,
                            const struct trn_slice *parts,
                            size_t count,
                            uint8_t ret_mac[TRN_SHA256_BYTES])
{
    mbedtls_md_context_t context;
    uint8_t mac[TRN_SHA256_BYTES];
    int rc;

    mbedtls_md_init(&context);
    rc = mbedtls_md_setup(&context, mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), 1);
    if (rc == 0) {
        rc = mbedtls_md_hmac_starts(&context, key.data, key.size);
    }
    for (size_t i = 0; rc == 0 && i < count; i++) {
        rc = mbedtls_md_hmac_update(&context, parts[i].data, parts[i].size);
    }
    if (rc == 0) {
        rc = mbedtls_md_hmac_finish(&context, mac);
    }
    mbedtls_md_free(&context);
    if (rc != 0) {
        return TERN_ERR_INTERNAL;
    }
    memcpy(ret_mac, mac, sizeof(mac));
    return TERN_OK;
}
