/* libsrtp2 behind two pipes, for tests/libsrtp.rs. Each line that comes is `<suite> <protect|unprotect> <rtp|rtcp> <keying> <packet>`,
 * the last two in hexadecimal; each that goes is the packet, or `error <number>`. One suite and keying has one context for each way. */
#include <srtp2/srtp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONTEXTS 64
#define BYTES 4096

static struct { char name[256]; srtp_t srtp; unsigned char key[64]; } known[CONTEXTS];

static int read_hex(const char *text, unsigned char *out) {
    int length = 0;
    for (unsigned int byte; length < BYTES && sscanf(text, "%2x", &byte) == 1; text += 2) out[length++] = byte;
    return length;
}

static void choose(const char *suite, srtp_policy_t *policy) {
    srtp_crypto_policy_set_rtcp_default(&policy->rtcp);
    if (!strcmp(suite, "AES_CM_128_HMAC_SHA1_80")) srtp_crypto_policy_set_rtp_default(&policy->rtp);
    else if (!strcmp(suite, "AES_CM_128_HMAC_SHA1_32")) srtp_crypto_policy_set_aes_cm_128_hmac_sha1_32(&policy->rtp);
    else if (!strncmp(suite, "AES_256_CM", 10)) {
        if (strstr(suite, "_32")) srtp_crypto_policy_set_aes_cm_256_hmac_sha1_32(&policy->rtp);
        else srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80(&policy->rtp);
        srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80(&policy->rtcp);
    } else if (!strcmp(suite, "AEAD_AES_128_GCM")) {
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy->rtp);
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy->rtcp);
    } else {
        srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy->rtp);
        srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy->rtcp);
    }
}

static srtp_t context(const char *suite, const char *way, const char *keying) {
    char name[256];
    snprintf(name, sizeof name, "%s %s %s", suite, way, keying);
    int at = 0;
    while (at < CONTEXTS && known[at].srtp && strcmp(known[at].name, name)) at++;
    if (at == CONTEXTS) exit(2);
    if (!known[at].srtp) {
        srtp_policy_t policy;
        memset(&policy, 0, sizeof policy);
        choose(suite, &policy);
        read_hex(keying, known[at].key);
        policy.key = known[at].key;
        policy.ssrc.type = strcmp(way, "protect") ? ssrc_any_inbound : ssrc_any_outbound;
        policy.window_size = 128;
        strcpy(known[at].name, name);
        if (srtp_create(&known[at].srtp, &policy)) exit(3);
    }
    return known[at].srtp;
}

int main(void) {
    static char suite[64], way[16], kind[8], keying[256], packet[2 * BYTES + 1];
    static unsigned char bytes[BYTES + SRTP_MAX_TRAILER_LEN + 4];
    if (srtp_init()) return 1;
    while (scanf("%63s %15s %7s %255s %8192s", suite, way, kind, keying, packet) == 5) {
        srtp_t srtp = context(suite, way, keying);
        int length = read_hex(packet, bytes);
        int is_rtcp = !strcmp(kind, "rtcp"), protects = !strcmp(way, "protect");
        srtp_err_status_t status =
            protects ? (is_rtcp ? srtp_protect_rtcp(srtp, bytes, &length) : srtp_protect(srtp, bytes, &length))
                     : (is_rtcp ? srtp_unprotect_rtcp(srtp, bytes, &length) : srtp_unprotect(srtp, bytes, &length));
        if (status) printf("error %d\n", status);
        else {
            for (int at = 0; at < length; at++) printf("%02x", bytes[at]);
            printf("\n");
        }
        fflush(stdout);
    }
    return 0;
}
