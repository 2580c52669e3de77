# SPDX-License-Identifier: Apache-2.0
"""A TPM of the tests' own maker: swtpm with an EK certificate, its issuer and root."""
import datetime

from cli import EmulatedTpm, Skip


def certified_chain(home, ek_pem, url):
    """root -> intermediate -> EK; the EK's certificate says where the intermediate is."""
    try:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.x509.oid import AuthorityInformationAccessOID
    except ImportError as error:
        raise Skip("python3-cryptography is not installed") from error
    now = datetime.datetime.now(datetime.timezone.utc)

    def certificate(name, key, issuer_name, issuer_key, extensions):
        builder = (x509.CertificateBuilder()
                   .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]))
                   .issuer_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME,
                                                              issuer_name)]))
                   .public_key(key).serial_number(x509.random_serial_number())
                   .not_valid_before(now - datetime.timedelta(days=1))
                   .not_valid_after(now + datetime.timedelta(days=30)))
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        return builder.sign(issuer_key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)

    def usage(**on):
        names = ("digital_signature", "content_commitment", "key_encipherment",
                 "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign",
                 "encipher_only", "decipher_only")
        return x509.KeyUsage(**{name: on.get(name, False) for name in names})

    root, intermediate = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca = usage(key_cert_sign=True, crl_sign=True)
    home.write("root.der", certificate("root", root.public_key(), "root", root, [
        (x509.BasicConstraints(True, 1), True), (ca, True)]))
    home.write("intermediate.der", certificate("maker", intermediate.public_key(), "root", root, [
        (x509.BasicConstraints(True, 0), True), (ca, True)]))
    place = x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS,
                                   x509.UniformResourceIdentifier(url))
    home.write("ek.der", certificate(
        "TPM", serialization.load_pem_public_key(ek_pem), "maker", intermediate, [
            (x509.BasicConstraints(False, None), True), (usage(key_agreement=True), True),
            (x509.ExtendedKeyUsage([x509.ObjectIdentifier("2.23.133.8.1")]), False),
            (x509.AuthorityInformationAccess([place]), False)]))


def certified_tpm(home, url):
    """swtpm with an EK certificate, whose issuer is at `url` and in intermediate.der."""
    tpm = EmulatedTpm(home)
    tpm.tool("tpm2_createek", "-G", "ecc", "-c", "ek.ctx", "-u", "ek.pem", "-f", "pem")
    tpm.tool("tpm2_flushcontext", "-t")
    certified_chain(home, (home / "ek.pem").read_bytes(), url)
    size = (home / "ek.der").stat().st_size
    tpm.tool("tpm2_nvdefine", "0x1c0000a", "-C", "p", "-s", str(size), "-a",
             "ppwrite|ppread|ownerread|authread|no_da|platformcreate")
    tpm.tool("tpm2_nvwrite", "0x1c0000a", "-C", "p", "-i", "ek.der")
    return tpm
