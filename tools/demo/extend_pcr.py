#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measure something into a PCR of the TPM behind a Unix socket: TPM2_PCR_Extend with SHA-256.

Usage: extend_pcr.py SOCKET PCR
"""
import hashlib
import socket
import struct
import sys


def main():
    digest = hashlib.sha256(b"another boot loader").digest()
    password = struct.pack(">IHBH", 0x40000009, 0, 0, 0)  # TPM_RS_PW, no nonce, no attributes, empty
    body = struct.pack(">II", int(sys.argv[2]), len(password)) + password + struct.pack(">IH", 1, 0x000b) + digest
    with socket.socket(socket.AF_UNIX) as tpm:
        tpm.connect(sys.argv[1])
        tpm.sendall(struct.pack(">HII", 0x8002, 10 + len(body), 0x182) + body)
        answer = tpm.recv(4096)
    sys.exit(struct.unpack(">HII", answer[:10])[2] != 0)


if __name__ == "__main__":
    main()
