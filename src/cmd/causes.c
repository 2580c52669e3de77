/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/causes.c: the words for every cause; `bulla explain BL-EENN`, error messages and the page
 * bulla-errors(7) all come from this table.
 */
#include "cmd/causes.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define TEXT(symbol, title, meaning, next)               \
    {                                                    \
        BULLA_CAUSE_##symbol, (title), (meaning), (next) \
    }

const struct bl_cause_text bl_cause_texts[] = {
    TEXT(INTERNAL, "a fault inside bulla",
         "A part of the program was used in a way that it does not allow. Nothing was written.",
         "report it with the three lines of this message and \"bulla version\""),
    TEXT(MEMORY, "not enough memory",
         "The system gave no memory. What was there before is unchanged. A passphrase slot needs "
         "128 MiB for a moment.",
         "free memory or raise the limit (\"ulimit -v\", the unit's MemoryMax=), then try again"),
    TEXT(IO, "a file or device could not be read or written",
         "The operating system refused a read or a write, or the disk is full. An existing output "
         "file is unchanged.",
         "look at the path, its permissions and the free space (\"df\"), then try again"),
    TEXT(CRYPTO, "the cryptographic library failed",
         "OpenSSL refused an operation that it should be able to do, or has no randomness.",
         "run \"bulla doctor\" and \"openssl version -a\"; a FIPS or policy setting may be in "
         "force"),
    TEXT(
        OUTCOME_UNKNOWN, "perhaps written, perhaps not",
        "The new file was put in place, but the disk did not confirm that this is durable. After a "
        "power failure the old or the new content may be there, never a mixture.",
        "check the disk's health, read the file back, and only then repeat the command"),
    TEXT(EXISTS, "there is a file of that name already, and it was left alone",
         "No command replaces a file unless it is told to.",
         "choose another name, or add -f to replace the file"),
    TEXT(BUSY, "somebody else is using it",
         "Another process holds the lock, for example on the state of the embedded TPM.",
         "wait until the other bulla command is done, then try again"),
    TEXT(PROGRAM_FAILED, "the program in the enclave ended in failure",
         "The enclave ran, and what was started in it exited with another code than 0, or was "
         "killed. "
         "That is its own affair: the code, and what it wrote, say more.",
         "run \"bulla enclave logs NAME\": it shows what the program wrote"),
    TEXT(UNHEALTHY, "the program in the enclave took no connections any more",
         "Three times in a row the port that the manifest names under health was not answered in "
         "time from inside, so the enclave was told to end.",
         "run \"bulla enclave logs NAME\"; if the program only needs longer, raise health's "
         "interval "
         "or timeout in the manifest"),
    TEXT(USAGE, "the command line does not say what to do",
         "An option, a value or an operand is wrong, missing or too many. Nothing was done.",
         "\"bulla help\" lists the commands, \"bulla help VERB\" the options of one"),
    TEXT(SECRET_IN_ARGUMENTS, "a secret does not belong on the command line",
         "The arguments of a process can be read by every other process of the machine and end up "
         "in "
         "the shell's history. The secret that was typed must be taken as known to others.",
         "use --passphrase (asks without showing), --passphrase-file FILE|fd:N or --identity FILE; "
         "and replace the secret that was typed"),
    TEXT(NO_RECOVERY_CHOSEN, "nothing could open this if the hardware is lost",
         "Data that only this machine's TPM can open is gone when the TPM is cleared, replaced or "
         "broken. A recovery key, kept offline, opens it in that case.",
         "add --recovery FILE (made if it is not there; then keep it offline), or type "
         "--no-recovery if losing the data is acceptable"),
    TEXT(BINARY_TO_TERMINAL, "binary data is not written to a terminal",
         "The result has bytes that a terminal cannot show or would take for commands.",
         "use -o FILE, or redirect the output: > FILE"),
    TEXT(
        BINDING_REFUSED, "this machine cannot bind the data to that",
        "A binding is only accepted where the hardware or the monitor of an enclave enforces it. "
        "Accepting it elsewhere would promise a protection that is not there.",
        "use --bind host, or seal inside the enclave; \"bulla doctor\" says what this machine has"),
    TEXT(NO_TERMINAL, "there is no terminal to ask for the passphrase",
         "The passphrase is asked for on the terminal of the process, which has none here.",
         "use --passphrase-file FILE, or --passphrase-file fd:N with an open file descriptor"),
    TEXT(SLOT_NEEDED, "nothing else opens what this slot opens",
         "Without the slot the blob, or a part of its access tree, could not be opened any more.",
         "add another way to open it first: bulla slot add"),
    TEXT(MALFORMED, "the input does not follow its format",
         "The bytes cannot be what they are meant to be: damaged, cut off or something else.",
         "check that it is the right file and that it was copied whole, in binary mode"),
    TEXT(
        UNSUPPORTED, "the input uses something that this version does not handle",
        "It is well formed, but of a version, an algorithm or a kind that is unknown here. Unknown "
        "is refused, never guessed.",
        "use the version of bulla that made it, or a later one; \"bulla version\" shows this one"),
    TEXT(LIMIT, "the input is larger than the stated maximum",
         "Every count and size from outside has a maximum, so that no input can exhaust the "
         "machine.",
         "check that it is the right file; docs/limits.md lists the maxima"),
    TEXT(NOT_A_BLOB, "this is not a sealed blob",
         "Sealed blobs begin with eight fixed bytes, which are not there. A copy in text mode "
         "damages "
         "them as well.",
         "check that it is the right file; \"bulla seal\" makes sealed blobs"),
    TEXT(BLOB_VERSION, "the sealed blob has a format version or suite that is unknown here",
         "It was made by a later version of bulla, or its first bytes are damaged.",
         "open it with the version that made it, or a later one; \"bulla version\" shows this one"),
    TEXT(NOT_CANONICAL, "the header of the sealed blob is not in its one permitted form",
         "Each header has exactly one encoding. Another one was not written by bulla: the blob is "
         "damaged or was made by somebody else.",
         "fetch the blob again from where it is kept, or from a backup"),
    TEXT(BLOB_TRUNCATED, "the sealed blob ends inside its header",
         "The file is shorter than its own header says: it was cut off while being copied.",
         "fetch the blob again from where it is kept, or from a backup"),
    TEXT(INTEGRITY, "altered after it was made",
         "A cryptographic check over the content does not hold. Nothing of it was released.",
         "treat the storage as suspect and take the data from a backup"),
    TEXT(
        HEADER_ALTERED, "the header of the sealed blob was altered",
        "The key opened, but the header's authentication code does not match: slots, name or dates "
        "are not those that were sealed. Nothing was released.",
        "treat the storage as suspect and take the blob from a backup"),
    TEXT(
        BODY_ALTERED, "the content of the sealed blob was altered",
        "A chunk of the body does not carry its authentication tag. No byte of that chunk or after "
        "it was released.",
        "treat the storage as suspect and take the blob from a backup"),
    TEXT(
        BODY_TRUNCATED, "the content of the sealed blob is cut off",
        "The end of the body is authenticated and is missing. What came before it was genuine, but "
        "is not all.",
        "fetch the blob again; discard what a pipe has already received"),
    TEXT(SLOT_ALTERED, "a slot of the sealed blob was altered",
         "The key of the slot is right (its check value says so), but what it wraps was changed.",
         "treat the storage as suspect and take the blob from a backup"),
    TEXT(
        AUDIT_ALTERED, "the audit log was altered",
        "A line was edited, removed, inserted or moved: it does not fit the hash chain, or not the "
        "signed head. What stands before that line is as it was written.",
        "keep both files as evidence; compare with a head that was exported earlier (\"bulla audit "
        "verify --head FILE\")"),
    TEXT(
        AUDIT_TRUNCATED, "the audit log ends too early",
        "The signed head vouches for more lines than there are: the end of the log was cut off, or "
        "an older log was put back.",
        "keep both files as evidence, and look for the missing lines in a backup"),
    TEXT(AUDIT_HEAD_MISSING, "the audit log has no signed head",
         "Without its head nobody can tell whether lines are missing at the end.",
         "give the head that belongs to the log (--head FILE); the broker writes audit.head beside "
         "audit.log"),
    TEXT(STORE_MISSING, "a part of the broker's state is missing",
         "The broker was set up here before, but its sealed root, its database or its audit log is "
         "gone. That is damage and never taken for a first start.",
         "put back the whole directory from a backup; the old one tells what is missing"),
    TEXT(
        CACHE_ALTERED, "the collateral cache is damaged",
        "A file in it is not what was written there. It was not used, and not taken for an empty "
        "place. What vendors signed can be fetched again; the file \"numbers\" cannot: it "
        "remembers how new Intel's evaluations have been.",
        "run \"bulla collateral fetch\" with what you need: damaged entries are replaced; if it is "
        "\"numbers\", find out why, then remove that file"),
    TEXT(STATE, "the state of the machine differs from the bound one",
         "The data is bound to a state in which this machine is not.",
         "\"bulla explain BLOB\" shows what differs; open it with its recovery identity if the "
         "change "
         "was yours"),
    TEXT(PCR_CHANGED, "the machine's state differs from when this was sealed",
         "The TPM has measured something else than at sealing time: firmware, Secure Boot keys, "
         "boot "
         "loader, kernel or their settings. That follows an update, or an attack.",
         "\"bulla explain BLOB\" shows each PCR; if the change was yours, unseal with --identity "
         "RECOVERY-FILE and seal again; otherwise treat the machine as suspect"),
    TEXT(
        TPM_LOCKOUT, "the TPM refuses to be asked for a while",
        "Too many wrong authorization values were tried, and the TPM's protection against guessing "
        "is in force.",
        "wait as long as shown, or clear the lockout with the owner's lockout authorization; "
        "\"bulla doctor tpm\" shows the counters"),
    TEXT(RTMR_CHANGED, "what was started differs from when this was sealed",
         "A runtime measurement register of this trust domain has another value: firmware, kernel, "
         "command line or what was measured after them. That follows an update, or an attack.",
         "\"bulla explain BLOB\" names the register; if the change was yours, unseal with "
         "--identity RECOVERY-FILE and seal again"),
    TEXT(LAUNCH_CHANGED, "this guest was launched with other permissions",
         "Guest policy, privilege level or attributes are part of the key, and differ from when "
         "this was sealed.",
         "launch it with the same policy, or unseal with --identity RECOVERY-FILE and seal again"),
    TEXT(COUNTER_MISSING, "the TPM does not have the counter",
         "What was sealed depends on a counter in the TPM, which was never made here, or was "
         "removed "
         "with tpm2_nvundefine or by clearing the TPM.",
         "on the machine it was sealed for, use the recovery identity and seal anew; \"bulla boot "
         "revoke\" without --below makes a revocation counter that is missing"),
    TEXT(COUNTER_BEHIND, "the TPM's counter is behind what was sealed",
         "The blob carries a later number than the counter has ever had. An embedded TPM's state "
         "was "
         "put back, or the blob comes from another machine.",
         "use the recovery identity, and seal anew"),
    TEXT(WOULD_NOT_OPEN, "after this change a blob would not open by itself",
         "What the slots of this machine are bound to would differ from what it would be.",
         "seal to the states to come, or have the recovery identity at hand for bulla reseal"),
    TEXT(IDENTITY, "this is not who it was made for",
         "The data is bound to another machine, enclave, key or name.",
         "\"bulla inspect BLOB\" shows what it is bound to"),
    TEXT(
        WRONG_TPM, "this was sealed by another TPM",
        "The storage key of the TPM here is not the one that the slot was made under: another "
        "machine, another state directory, or a TPM that was cleared.",
        "open it where it was sealed (or --device embedded, if it was sealed before this machine's "
        "TPM was used), or with --identity RECOVERY-FILE"),
    TEXT(
        NAME_MISMATCH, "the blob was sealed under another name",
        "The name is authenticated, so that one sealed blob cannot stand in for another. It "
        "differs "
        "from the one that was asked for.",
        "\"bulla inspect BLOB\" shows the name it claims; ask for that name only if you meant that "
        "blob"),
    TEXT(NO_SLOT_OPENS, "nothing that is at hand opens this",
         "Each slot of the blob was tried as far as it could be: the TPM, the identities and the "
         "passphrase that were given.",
         "\"bulla explain BLOB\" says for each slot what it needs"),
    TEXT(WRONG_PASSPHRASE, "the passphrase is wrong",
         "No passphrase slot of the blob opens with it.",
         "try again; check the keyboard layout and, with --passphrase-file, the content of the "
         "file"),
    TEXT(WRONG_RECIPIENT, "no identity that was given is a recipient",
         "The blob is encrypted to other public keys than those of the identity files.",
         "\"bulla inspect BLOB\" shows the recipients; give the matching file with --identity"),
    TEXT(ASSOCIATED_DATA_MISMATCH, "the associated data is not that of sealing time",
         "The blob was sealed together with data that is not stored in it and must be given again, "
         "the same to the byte.",
         "give the same file with --aad-file"),
    TEXT(WRONG_CODE, "it was sealed by another image",
         "The key is bound to the measurement of the code, and this code has another one. That "
         "follows every update of a blob bound to code.",
         "start the image it was sealed in, or unseal with --identity RECOVERY-FILE and seal "
         "again; --bind signer,version survives updates"),
    TEXT(WRONG_SIGNER, "it was sealed by an image of another signer",
         "The key is bound to who signed the code, and this code was signed by somebody else, or "
         "by nobody.",
         "start an image of the signer that \"bulla explain BLOB\" shows"),
    TEXT(WRONG_PRODUCT, "it was sealed by another product of this signer",
         "The key is bound to the product as well as to its signer, so that one cannot read what "
         "belongs to another.",
         "start the product it was sealed in; \"bulla explain BLOB\" shows its id"),
    TEXT(WRONG_CONFIG, "it was sealed under another configuration",
         "What the enclave was launched with (HOST_DATA, CONFIGID, MRCONFIGID, MROWNER) is part of "
         "the key, and differs.",
         "launch it with the configuration it was sealed under, or unseal with --identity "
         "RECOVERY-FILE and seal again"),
    TEXT(WRONG_MACHINE, "it was sealed on another machine",
         "The key comes from the processor, and this is another one. A guest that was moved meets "
         "this.",
         "take the blob back to its machine, or unseal with --identity RECOVERY-FILE and seal "
         "again here"),
    TEXT(ROOT_KEY_CHANGED, "this hardware derives another key than when this was sealed",
         "Everything that it shows of itself is as recorded, and its key is not: its owner epoch "
         "was changed, a processor was exchanged behind the same name, or the blob names a key "
         "that it was not made with.",
         "unseal with --identity RECOVERY-FILE and seal again; if nobody touched the machine, "
         "treat it as suspect"),
    TEXT(DENIED, "refused by policy", "The rules that apply here do not permit it.",
         "look at the rule that is named, and at what was found and expected"),
    TEXT(SLOT_TYPE_REFUSED, "the blob opens only in a way that --require does not permit",
         "The caller demanded that certain kinds of slots open the blob, and it has none of them "
         "that "
         "does.",
         "\"bulla inspect BLOB\" shows the slots; demand a kind that it has, if that is what you "
         "meant"),
    TEXT(DEBUG_ROOT, "this enclave can be debugged by its host",
         "Whoever runs the machine can read its memory, and with it every key that it gets. "
         "Nothing is sealed to it, and nothing opened by it.",
         "launch it without debugging"),
    TEXT(TRUST_LABEL_REFUSED, "the blob opens only by something less than --require demands",
         "The caller demanded a kind of protection, and none of the slots that opened is of that "
         "kind.",
         "\"bulla inspect BLOB\" shows the slots; demand less, or seal again to hardware"),
    TEXT(UNDER_BOUND, "another guest on this machine could derive the same key",
         "The hardware gives the same key to every guest or enclave that differs in nothing the "
         "key depends on. What was asked for, or what the blob names, depends on nothing that is "
         "only yours.",
         "add --bind code, or launch a signed image (an ID block) and use --bind signer"),
    TEXT(SIGNATURE, "a signature does not verify",
         "The evidence, certificate or message is not what its signer signed.",
         "collect it again from its source; if it fails again, it is not genuine"),
    TEXT(UNTRUSTED, "the chain of certificates does not reach a trusted root",
         "The signature may be right, but nobody who is trusted here vouches for the key.",
         "check where it came from; enrol its root only if you know it by another way"),
    TEXT(MISMATCH, "the evidence does not match what it must match",
         "A nonce, a binding or a reference value differs.",
         "look at what was found and expected; collect new evidence for this very exchange"),
    TEXT(PCR_MISMATCH, "the quote is not over the PCR values that came with it",
         "The digest that the TPM signed differs from the digest of the values in the evidence: "
         "one of "
         "the two was changed.",
         "collect the evidence again in one go; if it fails again, it is not genuine"),
    TEXT(SELECTION_MISMATCH, "the quote is over other PCRs than those that were asked for",
         "A quote that leaves PCRs out says nothing about them.",
         "collect evidence over exactly the PCRs that the policy names"),
    TEXT(LOG_MISMATCH, "the event log does not lead to the PCR values",
         "Replaying the log gives another value than the TPM signed: events are missing, added or "
         "changed.",
         "collect log and quote together, without an event between them; if it fails again, treat "
         "the machine as suspect"),
    TEXT(KEY_MISMATCH, "the evidence was signed by another key than the enrolled one",
         "The attestation key in the evidence is not the one that was certified for this machine.",
         "enrol the machine again (\"bulla platform enroll\") if its TPM was replaced or cleared"),
    TEXT(KEY_ATTRIBUTES, "the key that signed is not a restricted key of a TPM",
         "Only a restricted, fixed signing key refuses to sign what merely looks like a quote.",
         "use an attestation key made by bulla; one made elsewhere must have the same attributes"),
    TEXT(NOT_A_QUOTE, "what was signed is not a quote",
         "The TPM marks what it attests to, and this structure is of another type.",
         "collect the evidence again; if it fails again, it is not genuine"),
    TEXT(ADMIN_UNKNOWN, "the key that signed is no admin key of this broker",
         "An admin request came with a key that was never registered here: the key of another "
         "broker, or of nobody. Nothing was done, and the asker was told only that it was refused.",
         "compare the asker's key with the one whose id the \"created\" record of the audit log "
         "names; if no admin of yours asked, somebody is trying keys"),
    TEXT(WRONG_ROOT, "the chain ends at a root that nobody here trusts",
         "A certificate chain counts only if its root has a key that is pinned in this program or "
         "was given with --anchor. A root that comes with the evidence proves nothing.",
         "if it is a root of your own, give it with --anchor root=FILE; else it is not genuine"),
    TEXT(CRL_MISSING, "the revocation list is missing",
         "Without it a certificate that was revoked looks like any other.",
         "fetch the list and give it as --collateral"),
    TEXT(CRL_ISSUER_MISMATCH, "the revocation list is another issuer's",
         "It says nothing about these certificates.",
         "fetch the list of the authority that issued the certificate"),
    TEXT(COLLATERAL_SIGNATURE, "an endorsement is not signed as it should be",
         "The vendor signs the exact bytes: formatting them anew breaks the signature, as altering "
         "them does.",
         "fetch it again and keep it byte by byte"),
    TEXT(
        REPORT_SIGNATURE, "the report was not signed by that chip",
        "The key in its certificate does not verify the report: it was altered, or made elsewhere.",
        "check that report and certificate belong together; else it is not genuine"),
    TEXT(QUOTE_SIGNATURE, "the quote's signature is wrong",
         "It was altered after it was made, or made by another key.",
         "collect it again; if it fails again, it is not genuine"),
    TEXT(COSE_SIGNATURE, "the token's signature is wrong",
         "It was altered after it was made, or made by another key.",
         "collect it again; if it fails again, it is not genuine"),
    TEXT(BINDING_MISMATCH, "two parts of the evidence do not belong together",
         "One part must carry the digest of the other. With another pairing anybody's parts could "
         "be joined.",
         "give the parts of one and the same attestation"),
    TEXT(CHIP_ID_MISMATCH, "the certificate is another chip's",
         "The chip id in the certificate is not the one in the report.",
         "fetch the certificate of this very chip"),
    TEXT(TCB_EXTENSION_MISMATCH, "the certificate is for other firmware",
         "Its key is derived from firmware versions that are not those of the report.",
         "fetch the certificate for the reported versions"),
    TEXT(TCB_NOT_SUPPORTED, "the vendor does not rate a platform like this",
         "Its firmware is below every level that the vendor lists.",
         "update firmware and microcode"),
    TEXT(FMSPC_MISMATCH, "the TCB information is for another family of processors",
         "FMSPC in the certificate and in the information must be equal.",
         "fetch the information for the FMSPC of this platform"),
    TEXT(PCEID_MISMATCH, "the TCB information is for another provisioning enclave",
         "PCEID in the certificate and in the information must be equal.",
         "fetch the information for this platform"),
    TEXT(TCB_INFO_MISMATCH, "the TCB information is of another kind",
         "That of SGX says nothing about TDX, nor the other way round.",
         "fetch the information for this kind of evidence"),
    TEXT(QE_IDENTITY_MISMATCH, "the quoting enclave is not the vendor's",
         "What signed the quote is not the enclave that the vendor's identity describes: any "
         "enclave could have signed it.",
         "fetch the identity for this kind of quote; if it fails again, it is not genuine"),
    TEXT(TDX_MODULE_MISMATCH, "the TDX module is not the vendor's",
         "Its signer or attributes are not those that the vendor lists.",
         "fetch current TCB information; update the module"),
    TEXT(SEPARATOR_REPEATED, "the event log has a separator too many",
         "A separator ends what firmware measured. A second one would let anybody append under its "
         "name.",
         "read the log again from the machine; if it is so there, its firmware is not to be "
         "believed"),
    TEXT(CLAIM_MISSING, "a claim is missing that its profile demands",
         "Absent is not equal: nothing is filled in.",
         "collect the evidence again with an implementation of the profile"),
    TEXT(ALGORITHM_MISSING, "the token does not say under its signature how it is signed",
         "An algorithm outside the protected header could be anybody's choice.",
         "collect the evidence again with an implementation of the profile"),
    TEXT(MESSAGE_AUTHENTICATION_CODE, "the token has no signature",
         "It is authenticated with a key that its verifier shares (COSE_Mac0): whoever can verify "
         "it can make it.",
         "have it signed (COSE_Sign1)"),
    TEXT(CERTIFICATION_DATA, "the quote does not bring its certificate",
         "It names the platform in a form from which the certificate must be looked up at the "
         "vendor's.",
         "collect the quote with certification data of type 5"),
    TEXT(EVIDENCE_MALFORMED, "it is not genuine evidence of this kind",
         "It does not follow its format, so nothing in it can be believed.",
         "check --kind, and that the file was copied whole"),
    TEXT(POLICY_NOT_SIGNED, "the policy is not signed by whom the data is sealed to",
         "Which boot states open the data is said by a policy that one authority signs. This one "
         "was "
         "signed by another key, was altered, or is for another counter or class.",
         "give the policy of that authority with --signed-policy; \"bulla explain BLOB\" shows "
         "whose "
         "it has to be"),
    TEXT(STALE, "too old",
         "It expired, was revoked, was replayed, or is older than something already seen.",
         "obtain a current one; check the clock of this machine"),
    TEXT(EXPIRED, "its time is over",
         "The date until which it may be used has passed, by the clock of this machine.",
         "check the clock with \"date -u\"; obtain a current one"),
    TEXT(ROLLED_BACK, "an older state was put back",
         "A counter or an anchor says that a newer version exists. Somebody restored a backup, or "
         "is "
         "replaying old data.",
         "find the newest version; if a backup was restored on purpose, use the recovery identity"),
    TEXT(
        VERSION_BELOW_FLOOR, "the version is below the lowest one permitted",
        "The floor rises with each promoted version, so that an old one with known faults does not "
        "get the data again.",
        "run the current version"),
    TEXT(NONCE_MISMATCH, "the evidence answers another question",
         "The nonce in it is not the one that was sent: it is old, or was collected for somebody "
         "else.",
         "collect new evidence over the present nonce"),
    TEXT(REPLAYED, "it was used before",
         "A nonce, a wrap key or a signed request was presented a second time. Each counts once.",
         "ask again: every attempt makes new ones"),
    TEXT(REVOKED, "it was revoked",
         "The platform or key was genuine, and an administrator withdrew it.",
         "\"bulla platform list\" shows its state; a revocation is not taken back, another "
         "platform has to be enrolled"),
    TEXT(COLLATERAL_EXPIRED, "an endorsement is out of date",
         "Its next update is due, by the time at which it was looked at. What was revoked since "
         "then is not in it.",
         "fetch it again; for evidence of the past give that time with --at"),
    TEXT(
        NOT_YET_VALID, "its time has not come",
        "A certificate or endorsement is valid only later than the time at which it was looked at.",
        "check the clock with \"date -u\", and --at"),
    TEXT(COLLATERAL_OLDER, "the collateral is older than what was seen before",
         "Several evaluations of Intel's are valid at once, and a source may serve the oldest, "
         "which "
         "does not know the newest flaws. The highest tcbEvaluationDataNumber is remembered.",
         "ask another source; after going from --update early to standard, say --allow-older"),
    TEXT(VERSION_AHEAD, "it was sealed by newer firmware or software than runs here",
         "A component that is part of the key is older now than when this was sealed, and older "
         "ones cannot derive it: that is what keeps a downgrade out.",
         "bring the component that is shown up to date; or unseal with --identity RECOVERY-FILE"),
    TEXT(POLICY_REVOKED, "the signed policy was revoked",
         "The revocation counter in the TPM is above the sequence of the policy, so that the "
         "states it "
         "names do not open anything any more.",
         "get a policy with a later sequence and give it with --signed-policy, or use the recovery "
         "identity"),
    TEXT(NO_FRESHNESS, "nothing says that this is the newest version",
         "Freshness was asked for, and the blob has no anchor in a TPM or the anchor cannot be "
         "looked "
         "at here.",
         "seal it with --fresh; on another machine, take the risk with --allow-stale"),
    TEXT(UNAVAILABLE, "something that is needed is not on this machine",
         "A device or a feature is missing or cannot be used.", "run \"bulla doctor\""),
    TEXT(NO_TPM, "no TPM was found", "The device or socket does not exist or does not answer.",
         "run \"bulla doctor tpm\"; in a virtual machine, enable a virtual TPM; without --device "
         "and "
         "--tpm-socket the embedded TPM is used"),
    TEXT(TPM_NOT_PERMITTED, "the TPM may not be used by this user",
         "The device node belongs to a group that this user is not in, usually \"tss\".",
         "sudo usermod -aG tss $USER, then log in again; \"bulla doctor tpm\" shows owner and "
         "group"),
    TEXT(TPM_FAILED, "the TPM failed",
         "It answered with an error that has no better explanation, or with something that is not "
         "an "
         "answer.",
         "run \"bulla doctor tpm\"; after a firmware update, restart the machine"),
    TEXT(NO_USER_NAMESPACES, "this machine does not permit user namespaces",
         "Process enclaves are built from them, and an enclave without its walls is refused.",
         "run \"bulla doctor kernel\": it names the setting that forbids them"),
    TEXT(KERNEL_FEATURE_MISSING, "the kernel lacks something that is needed",
         "A feature below the stated minimum is missing or was built out.",
         "run \"bulla doctor kernel\": it lists what is there and what is needed"),
    TEXT(NO_ATTESTER, "this machine has no such attester",
         "The device or interface through which evidence would come does not exist here, or the "
         "hardware behind it does not.",
         "run \"bulla doctor\": it says what this machine has, and which module or setting is "
         "missing"),
    TEXT(ATTESTER_NOT_PERMITTED, "the attester may not be used by this user",
         "The device is there, but its owner and mode leave this user out.",
         "run it as root, or give the device to a group by a udev rule; \"bulla doctor\" shows "
         "owner and group"),
    TEXT(ATTESTER_FAILED, "the attester refused",
         "Driver, hypervisor or firmware did not do what they were asked for; the detail is their "
         "code. On SEV-SNP the kernel then gives up its channel to the firmware until the next "
         "boot.",
         "look into the kernel's log (\"dmesg\"); \"bulla doctor\" says what the platform lacks"),
    TEXT(
        ATTESTER_ANSWER, "what the attester gave is not what it was asked for",
        "The evidence is malformed, or carries something else than the nonce. Nothing was written. "
        "A driver that is shared with others, a fault, or somebody between this program and the "
        "hardware.",
        "try again; if it stays, do not trust this machine"),
    TEXT(NO_SEALING_ROOT, "no sealing key of a TEE is to be had here",
         "This process is in no SEV-SNP guest, TDX guest or SGX enclave whose kernel gives sealing "
         "keys.",
         "use --root tpm, or run inside the TEE; \"bulla doctor\" says what this machine has"),
    TEXT(
        ROOT_NOT_PERMITTED, "the TEE is there, and this user may not ask it for keys",
        "The device node belongs to somebody else.",
        "run as root, or as a member of the group that owns the device; \"bulla doctor\" names it"),
    TEXT(ROOT_FAILED, "the TEE failed to give a sealing key",
         "Driver, hypervisor or firmware answered with an error that has no better explanation, or "
         "with something that is not an answer.",
         "run \"bulla doctor\"; after a failed request the kernel may refuse more until the guest "
         "is restarted"),
    TEXT(ROOT_KEY_REFUSED, "the platform does not give such a key",
         "The kernel or module has no sealing keys, or the chip gives no key on this "
         "host.",
         "use --root tpm or a recipient; with a provider's key only, --allow-vlek accepts it"),
    TEXT(ROOT_KEY_WEAK, "what the TEE gave is no key",
         "The key is zero, or the same for different requests. It would protect nothing.",
         "do not seal on this machine; report it to whoever runs it"),
    TEXT(UNREACHABLE, "the server cannot be reached",
         "There is no connection to the address that was given.",
         "check address, port and firewall; is \"bulla serve\" running there?"),
    TEXT(CONNECTION_CLOSED, "the server closed the connection",
         "The other end hung up before the exchange was complete.",
         "try again; the server's log has the reason"),
    TEXT(SOURCE_BUSY, "the source of collateral wants us to wait",
         "It limits how often it is asked (AMD's: about one VCEK in ten seconds from one address). "
         "It "
         "is left alone for as long as it said.",
         "try again later, or give --wait SECONDS; a cache of your own (a PCCS, a mirror) has no "
         "such limit: --source"),
    TEXT(SOURCE_ANSWER, "the source of collateral answered with something else",
         "What came is no document: an error, a redirect, which is not followed, or a web page, "
         "perhaps of a proxy.",
         "look at the URL given with --source, and at proxies on the way"),
    TEXT(REFUSED, "the server said no",
         "The reason is in the audit log of the server and not told to the asker, who may be an "
         "attacker.",
         "ask the operator of the server for the entry in the audit log"),
    TEXT(ADMIN_REFUSED, "the broker does not take this for a request of one of its admins",
         "It answers an admin with the reason. Whoever did not sign with a registered key, over "
         "this very challenge, learns nothing more.",
         "check --admin-key: it must be the file that this broker's first start wrote; check "
         "--broker, if there is more than one; the broker's audit log has the reason"),
    TEXT(NOT_FOUND, "it does not exist", "No file or object of that name is there.",
         "check the name and the path"),
    TEXT(
        POLICY_MISSING, "a signed policy is needed, and there is none",
        "The data opens in boot states that an authority signs, and it came without such a policy.",
        "give the policy with --signed-policy FILE (\"bulla boot predict\" makes one)"),
    TEXT(TIMEOUT, "it took too long", "The deadline passed before there was an answer.",
         "try again; check what it waits for"),
    { BULLA_CAUSE_NONE, NULL, NULL, NULL },
};

const struct bl_cause_text *
bl_cause_text(enum bulla_cause cause)
{
    for (const struct bl_cause_text *text = bl_cause_texts; text->title != NULL; text++) {
        if (text->cause == cause)
            return text;
    }
    return NULL;
}

const char *
bl_cause_id(enum bulla_cause cause, char out[BL_CAUSE_ID_SIZE])
{
    (void)snprintf(out, BL_CAUSE_ID_SIZE, "BL-%04u", (unsigned)cause);
    return out;
}

bool
bl_is_cause_id(const char *word)
{
    return strncasecmp(word, "BL-", 3) == 0 && strlen(word) == 7 &&
           strspn(word + 3, "0123456789") == 4;
}

const struct bl_cause_text *
bl_cause_from_id(const char *id)
{
    for (const struct bl_cause_text *text = bl_cause_texts; text->title != NULL; text++) {
        char own[BL_CAUSE_ID_SIZE];
        if (strcasecmp(bl_cause_id(text->cause, own), id) == 0)
            return text;
    }
    return NULL;
}
