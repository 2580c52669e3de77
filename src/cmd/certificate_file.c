/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/certificate_file.h"

#include "base/memory.h"
#include "cmd/report.h"
#include "cmd/stream.h"
#include "codec/pem.h"
#include "crypto/x509.h"

#define PEM_START BL_LITERAL("-----BEGIN ")
#define FILE_SIZE_MAX (2 * BL_CERTIFICATE_SIZE_MAX) /* bytes: Base64 takes a third more */

static bool
is_pem(struct bulla_bytes file)
{
    return file.size >= PEM_START.size &&
           bl_equal((struct bulla_bytes){ file.data, PEM_START.size }, PEM_START);
}

enum bulla_status
bl_certificate_file_read(const char *path, struct bulla_buffer *der_out, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) file = { 0 };
    BL_AUTO(bulla_buffer) der = { 0 };
    BL_AUTO_FREE(bl_certificate) certificate = NULL;

    bl_report_object_word(path);
    BL_TRY(bl_input_slurp(path, FILE_SIZE_MAX, &file, err));
    if (is_pem(bulla_buffer_bytes(&file)))
        BL_TRY(bl_pem_decode(bulla_buffer_bytes(&file), "CERTIFICATE", &der, err));
    else
        BL_TRY(bulla_buffer_append(&der, bulla_buffer_bytes(&file), err));
    BL_TRY(bl_certificate_parse(bulla_buffer_bytes(&der), &certificate, err));
    return bulla_buffer_append(der_out, bulla_buffer_bytes(&der), err);
}
