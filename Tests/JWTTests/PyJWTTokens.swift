// Made by Tests/Fixtures/pyjwt.py. The keys are for these tests alone.

enum PyJWT {
    static let secret = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
    static let weakKey = """
        -----BEGIN PUBLIC KEY-----
        MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCe9hnY48S33PICjLM+nnC9lX/Z
        kdElozFEjUvhx0KkufiENdOhgG98O3r0yikMBB1uUQFGc9czDERtpTbv3W7t7kUY
        rA8VP51UiMKvGNGcm09WTAZcSDPC0js35iHhKaQ9fZ+FYwCYwP668CcHLviVJaiZ
        66HKDpP/TqiKQ+UVhwIDAQAB
        -----END PUBLIC KEY-----
        """
    static let privateKeys = [
        "rsa": """
        -----BEGIN PRIVATE KEY-----
        MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQClIH3bzwfj/b4G
        ++ndBF8Mnn7YvSyIogIQpXxshJH/20pQGvdSQKrEaCybZiEV8UJSTdH9OXOZrLZB
        S56VWF4Iqe/pOAW0biguhYPCWDeCdDVzZvmh+6KCQNRd+9P5myHVaxfz2SJivkY0
        hcKIKGAEwHmJhd/Xs+VK+y5/PXxrcpfT4omHht+pCvB1d6OnReXn/BmzFmZWX19y
        v5ndlVSr+x2tqEPsYSB5mcE9N1E1TNv7mJoUMPSioCJh7jsR3lPaNI1BPvSfnGdT
        oU1uCWxtMEnmU6i3p35rZd3qwBWqywjnG8UOA5TllR/FDCI4sz5AmIdYyJMje2fS
        1sCe9qlLAgMBAAECggEAMMROx0r2XpwCshdV8wMmexiYB7Se4V9PUtE81OO2JqUB
        5nSAVFdq14SYn/BilxNgbeQzvyBnhpweW1xU4nBtnQtrIip8bNQXo92kkxHwmuNt
        Ib7ovLEPRn6U+Yi1CsOJE3mEYmzfHeBp5XsXf5TE/sJFYpsaB59GeYWDLurewvBk
        ezQU86BOnbC3HKPXjmPGXjiWsKmt4q/OYhC1heVROPtApr0A4mZjtVZJeegFUP5Q
        zrWWfhmmAtEkSB50HAfyRzOicHoWRaurxKnem0wyTS/ziEj0GqQmW8D8NUnz06iz
        D0B4g8oGQI0OZVOjVbAO7XTYbBE66Y9oFDpiRvCSIQKBgQDN2JTco55KBtZYTivB
        disHRm+isomnsl4vWZSZ6S9RUrGiTVpYJUJXgnLRWiQ3XPe46vTZZVGHimQfGppd
        P/d/rFEzEG7u3IMsQIu/l8rRMpQa6OStxqn+MeZbjYThqi1NDVPNqPSbFY166n7Z
        W55jfq1NxfxYxzkBFc2doGGU+wKBgQDNXBnkLl7hLwmVjnAOO7Hu8H+i4nD2L/V7
        QNiu5PO1JkCw7j49QuQH/lxSaLjuvVDJvuhUZsJ8J0+IraATK2DrSLnWwcTIg1xL
        /KS9vcPKNGCFsz1FCrnLTMBcCxDWQfmOZ6fGqij97oNTgV1h7HINziFFLJ0ubsx9
        yK6iSFXr8QKBgBAzaZPr9LtSym/sxxjU2hIagxLFBnyCV1NWs5Fhfu3hmkVx3Rhu
        5kfI5ox/kbYhxQVyyI6LoN0QEU05ZMjODgaoY0OnmXOHO3OyKM2NftL0Lh/oEId0
        yVBOURkHjFvObv5PfDcFgyrpiVcROaaVxWODRtSGLpQ2KdBiDOrJAqUdAoGBAKJ3
        8D/3c7cB6Lo6s2p/Tdl0yfYK4kXTUYpOll9f4XN6rQmNow4CgrfURCQql8zBWE4U
        TGih19Izo5fFjXQ9CHN82RIPwOjGDFpNqeQ3YtPxtj9wu9OIlc9CjJkFZC+uiIpi
        dXkWHFIxxhJlsYSMdPt5DhdVIZGftQb6ozbetaNxAoGAFfbkVh7UNEKoe/7FOkpy
        rwourImuKHV3DjYmBBw+3LITErunrZMr8JiVk43IGH/5NPLqNnFmBJQJGOG/HDxA
        qB4CKlS9D/nEmW1MDUIkOjo/0hj4AcNxDGrfY9pXfsC0/M9dczsCBBjTtFhPG9z1
        Dz8dBMZCEIE+ehnsF5CW/0Y=
        -----END PRIVATE KEY-----
        """,
        "p256": """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgd51pGqfVoW4LWn7Y
        MhlwMXwAF6ihpYuM7Hx95hoLy82hRANCAATx1a+WkTFH0Vcu47rqJr0+lD4DI6ke
        kqGuXQnvfcG7R324uK492tpqoBBhoPtDXNkwN7lDh1mMCX5uYt7P/QWh
        -----END PRIVATE KEY-----
        """,
        "p384": """
        -----BEGIN PRIVATE KEY-----
        MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDAsAOBWf4TwqXdUYBqF
        ekG35PMHOuMnkenPZATeWQl+4STzdykqRRXoRxuxNdHnSQehZANiAASul7lrCWS8
        NauxtvRL8PaBU2YyFnASqtPiR4h/5brJlrbes1/X3l/dibmpmXYo4otsWJblt9dg
        sylzf2vXsfSg1WKief0nsJRqiDXGTzEH114/7u9aFOIwe2nn5Senbfc=
        -----END PRIVATE KEY-----
        """,
        "p521": """
        -----BEGIN PRIVATE KEY-----
        MIHuAgEAMBAGByqGSM49AgEGBSuBBAAjBIHWMIHTAgEBBEIA9kqZ09CI7U6nQuSd
        6N0dhazihKzVFM+gWKB79N/7P+GHURv6+jl8rCxWvuhVh3TpW/cKGEp6bNkMWFIz
        eb3yeJyhgYkDgYYABABI49t/iq0qOsTKhoNzir3sgzlnN/4In0slQbqURnwTDRjY
        g/Vnx2S9b383oLToYVstB9u3ux/rij3z+I2VxpCCigGpF22t0P4+vyK0a7QcsiMf
        e+QQZa5r5TXD1CniLmMSuZ8SLntU86znGsYUwJRrtZBTVdkyGOLNdI4FDEeGoRd4
        mg==
        -----END PRIVATE KEY-----
        """,
        "ed25519": """
        -----BEGIN PRIVATE KEY-----
        MC4CAQAwBQYDK2VwBCIEIHDutyz2E6ZcoPrh/2S0NwtmSkJmBU9593McyzdtBlTm
        -----END PRIVATE KEY-----
        """,
    ]
    static let publicKeys = [
        "rsa": """
        -----BEGIN PUBLIC KEY-----
        MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEApSB9288H4/2+Bvvp3QRf
        DJ5+2L0siKICEKV8bISR/9tKUBr3UkCqxGgsm2YhFfFCUk3R/Tlzmay2QUuelVhe
        CKnv6TgFtG4oLoWDwlg3gnQ1c2b5ofuigkDUXfvT+Zsh1WsX89kiYr5GNIXCiChg
        BMB5iYXf17PlSvsufz18a3KX0+KJh4bfqQrwdXejp0Xl5/wZsxZmVl9fcr+Z3ZVU
        q/sdrahD7GEgeZnBPTdRNUzb+5iaFDD0oqAiYe47Ed5T2jSNQT70n5xnU6FNbgls
        bTBJ5lOot6d+a2Xd6sAVqssI5xvFDgOU5ZUfxQwiOLM+QJiHWMiTI3tn0tbAnvap
        SwIDAQAB
        -----END PUBLIC KEY-----
        """,
        "p256": """
        -----BEGIN PUBLIC KEY-----
        MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8dWvlpExR9FXLuO66ia9PpQ+AyOp
        HpKhrl0J733Bu0d9uLiuPdraaqAQYaD7Q1zZMDe5Q4dZjAl+bmLez/0FoQ==
        -----END PUBLIC KEY-----
        """,
        "p384": """
        -----BEGIN PUBLIC KEY-----
        MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAErpe5awlkvDWrsbb0S/D2gVNmMhZwEqrT
        4keIf+W6yZa23rNf195f3Ym5qZl2KOKLbFiW5bfXYLMpc39r17H0oNVionn9J7CU
        aog1xk8xB9deP+7vWhTiMHtp5+Unp233
        -----END PUBLIC KEY-----
        """,
        "p521": """
        -----BEGIN PUBLIC KEY-----
        MIGbMBAGByqGSM49AgEGBSuBBAAjA4GGAAQASOPbf4qtKjrEyoaDc4q97IM5Zzf+
        CJ9LJUG6lEZ8Ew0Y2IP1Z8dkvW9/N6C06GFbLQfbt7sf64o98/iNlcaQgooBqRdt
        rdD+Pr8itGu0HLIjH3vkEGWua+U1w9Qp4i5jErmfEi57VPOs5xrGFMCUa7WQU1XZ
        MhjizXSOBQxHhqEXeJo=
        -----END PUBLIC KEY-----
        """,
        "ed25519": """
        -----BEGIN PUBLIC KEY-----
        MCowBQYDK2VwAyEAMrxQ1W42qqDfBI4a1jhlflIQw+OQdydBxYOIx1NzLcc=
        -----END PUBLIC KEY-----
        """,
    ]
    /// The tokens' algorithms, the keys that they are made with (nil for the secret), and the tokens.
    static let tokens: [(algorithm: String, key: String?, token: String)] = [
        (
            "HS256", nil,
            """
            eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUuY29tIiwic3ViIjoiN\
            yIsImF1ZCI6WyJzaG9wIiwic3RvY2siXSwiZXhwIjoxODAwMDAwNjAwLCJpYXQiOjE4MDAwMDAwMDAsIm5iZiI6MTg\
            wMDAwMDAwMCwianRpIjoicHl0aG9uIiwibmFtZSI6IkpcdTAwZjZyZyIsInJvbGVzIjpbImFkbWluIiwiZWRpdG9yI\
            l0sInNjb3BlIjoicmVhZCB3cml0ZSIsImFkZHJlc3MiOnsiY2l0eSI6IlVsbSIsInppcCI6ODkwNzN9fQ.HGItQq0o\
            tvY3W5m6UbEKa-gs9iTlOu3IutYsJXcWNWA
            """
        ),
        (
            "HS384", nil,
            """
            eyJhbGciOiJIUzM4NCIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUuY29tIiwic3ViIjoiN\
            yIsImF1ZCI6WyJzaG9wIiwic3RvY2siXSwiZXhwIjoxODAwMDAwNjAwLCJpYXQiOjE4MDAwMDAwMDAsIm5iZiI6MTg\
            wMDAwMDAwMCwianRpIjoicHl0aG9uIiwibmFtZSI6IkpcdTAwZjZyZyIsInJvbGVzIjpbImFkbWluIiwiZWRpdG9yI\
            l0sInNjb3BlIjoicmVhZCB3cml0ZSIsImFkZHJlc3MiOnsiY2l0eSI6IlVsbSIsInppcCI6ODkwNzN9fQ.bSVNMd18\
            XTxZlRdpahtlI300Oh6-Q5HmL-BnPLTf3Y8Vxna0_EwrkR-GF33H97TF
            """
        ),
        (
            "HS512", nil,
            """
            eyJhbGciOiJIUzUxMiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUuY29tIiwic3ViIjoiN\
            yIsImF1ZCI6WyJzaG9wIiwic3RvY2siXSwiZXhwIjoxODAwMDAwNjAwLCJpYXQiOjE4MDAwMDAwMDAsIm5iZiI6MTg\
            wMDAwMDAwMCwianRpIjoicHl0aG9uIiwibmFtZSI6IkpcdTAwZjZyZyIsInJvbGVzIjpbImFkbWluIiwiZWRpdG9yI\
            l0sInNjb3BlIjoicmVhZCB3cml0ZSIsImFkZHJlc3MiOnsiY2l0eSI6IlVsbSIsInppcCI6ODkwNzN9fQ.SvW2ZXbs\
            cKhPT0yp1tVH3z2lGO42j7pEglQxYEEeZzx2efIGAZmCRfU4j8X8hAquIN40eYl_SMB1Ne2pIA0edQ
            """
        ),
        (
            "RS256", "rsa",
            """
            eyJhbGciOiJSUzI1NiIsImtpZCI6InJzYSIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUuY\
            29tIiwic3ViIjoiNyIsImF1ZCI6WyJzaG9wIiwic3RvY2siXSwiZXhwIjoxODAwMDAwNjAwLCJpYXQiOjE4MDAwMDA\
            wMDAsIm5iZiI6MTgwMDAwMDAwMCwianRpIjoicHl0aG9uIiwibmFtZSI6IkpcdTAwZjZyZyIsInJvbGVzIjpbImFkb\
            WluIiwiZWRpdG9yIl0sInNjb3BlIjoicmVhZCB3cml0ZSIsImFkZHJlc3MiOnsiY2l0eSI6IlVsbSIsInppcCI6ODk\
            wNzN9fQ.ggv8eDqnqFkdcY3EMiLWuLJuvXKE7kfARl373xWo3bvSWo8mdVOhGaDFYEyLqQrv29W2A8OZErxkji7oe1\
            7kOcf_xujglWbMDCN215oiwTutleN5j2DT1M0CR5Qzu9W28Kyo3renO_i3XpViOf0ZWnbp9dv-gNCqMC2dXhgnKBK1\
            9u_FKsGXgH_JH4usqrX6BAe_g9q8Ibti5p_4et_10__AchWZSz14qOnckMFEPE0DLY_DPoYLoETLfn9XB6KvKXNPW8\
            P_MMYhm-JU9fUvpQ2PTNM_A6jqurRh9awnMMeGp4SJN8RgaBrdnLyrCdv4TV1sJfePn0zDsN2QZV4l3w
            """
        ),
        (
            "RS384", "rsa",
            """
            eyJhbGciOiJSUzM4NCIsImtpZCI6InJzYSIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUuY\
            29tIiwic3ViIjoiNyIsImF1ZCI6WyJzaG9wIiwic3RvY2siXSwiZXhwIjoxODAwMDAwNjAwLCJpYXQiOjE4MDAwMDA\
            wMDAsIm5iZiI6MTgwMDAwMDAwMCwianRpIjoicHl0aG9uIiwibmFtZSI6IkpcdTAwZjZyZyIsInJvbGVzIjpbImFkb\
            WluIiwiZWRpdG9yIl0sInNjb3BlIjoicmVhZCB3cml0ZSIsImFkZHJlc3MiOnsiY2l0eSI6IlVsbSIsInppcCI6ODk\
            wNzN9fQ.EG-hgGCxeFiBx5Z4_J6sFjaRjWixIdtkwzobIBjeyVAfucYCbE0ED0RLn6Jsegy7oK5mYGu52tc0NHj70z\
            H-Ya1pXtpy1CoKMp2mkImVhgyQXbr7YpcBsg_97WbvsZlg9MCjOiljIZdkaLxGl2COk8pO6_qRJERXuocWTIRmX0Cg\
            srIgkwODHtnuJKyh5Vf8Jw7RVb9UnSy63o9ZP34-pw2IYrTB0RsyWWjTnRwcuaMOmSIdxCS4Mfh6NRnq1dtzaqj3Uc\
            qGeUxKbY1yULLL5brUuUjy3ZpI0400c5GfGqLz_sBN3ER-9TPJtNKd7mPrRqXTJD2Uq3281bEdF7-59w
            """
        ),
        (
            "RS512", "rsa",
            """
            eyJhbGciOiJSUzUxMiIsImtpZCI6InJzYSIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUuY\
            29tIiwic3ViIjoiNyIsImF1ZCI6WyJzaG9wIiwic3RvY2siXSwiZXhwIjoxODAwMDAwNjAwLCJpYXQiOjE4MDAwMDA\
            wMDAsIm5iZiI6MTgwMDAwMDAwMCwianRpIjoicHl0aG9uIiwibmFtZSI6IkpcdTAwZjZyZyIsInJvbGVzIjpbImFkb\
            WluIiwiZWRpdG9yIl0sInNjb3BlIjoicmVhZCB3cml0ZSIsImFkZHJlc3MiOnsiY2l0eSI6IlVsbSIsInppcCI6ODk\
            wNzN9fQ.ZkNM5OKXWCRSSaKiL423x5JBerwJzqZFRV6tAke8nXVb0gZ-bSCPCRxvtFme128EsKNZCMfPLAgytbSbL4\
            nRro8G3BPgGTal8aqHgDimfxbGJyLr-z3rwZWHj8k_rb8Hq7bSAOCocfnql_cYi_PYB1-AMwaG7li-3y_R1bkh3njh\
            hfrV_l1qR-dBQGWR9s5J5KB8TIT3-dIwH_dj434SGqxP-6BPBAyrDwTKX_cu-1eIMtWLEyHXVBu4XTnpeJ0hMa1wHu\
            Ubu69Qzx-xGSMJDFgLu1dDH6UZc7wPuBj6SzLPBhJ5tXyLlRgeSjL73J5c3_3EuDY-EjGcANtnPGwrWA
            """
        ),
        (
            "PS256", "rsa",
            """
            eyJhbGciOiJQUzI1NiIsImtpZCI6InJzYSIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUuY\
            29tIiwic3ViIjoiNyIsImF1ZCI6WyJzaG9wIiwic3RvY2siXSwiZXhwIjoxODAwMDAwNjAwLCJpYXQiOjE4MDAwMDA\
            wMDAsIm5iZiI6MTgwMDAwMDAwMCwianRpIjoicHl0aG9uIiwibmFtZSI6IkpcdTAwZjZyZyIsInJvbGVzIjpbImFkb\
            WluIiwiZWRpdG9yIl0sInNjb3BlIjoicmVhZCB3cml0ZSIsImFkZHJlc3MiOnsiY2l0eSI6IlVsbSIsInppcCI6ODk\
            wNzN9fQ.YebOU8k97JYqGjVyllkuBEhIF1ZkXV1JGO4aLkBi5ce9YPRcvjgqmO55jvJ3CyX-nKMNC7EE7wvyIb0k4I\
            tp-Oc6q3UEyG-mMjFf4ZYQtRuBdErl08Lp4BArnSIn-51u66-mE3x5p-J1UEP1OLTTMdYJDbjV1yfvfs_gTo9KCKPM\
            qz0wycOJKz8I73JoJeY-W051yYZ3gl3a2FqnQcBlD9nDj4czrbzx7WYO8owKTwcvpNAhra-JQDI2mlN5o8phJQcOZD\
            eZimLsr2k_hrGSRu6Y-q7OAwZgKdCBsQ-7QtNTd8YSqE6j_URZR64vi62PZFPgy86XpLH_BW1bCBlZHg
            """
        ),
        (
            "PS384", "rsa",
            """
            eyJhbGciOiJQUzM4NCIsImtpZCI6InJzYSIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUuY\
            29tIiwic3ViIjoiNyIsImF1ZCI6WyJzaG9wIiwic3RvY2siXSwiZXhwIjoxODAwMDAwNjAwLCJpYXQiOjE4MDAwMDA\
            wMDAsIm5iZiI6MTgwMDAwMDAwMCwianRpIjoicHl0aG9uIiwibmFtZSI6IkpcdTAwZjZyZyIsInJvbGVzIjpbImFkb\
            WluIiwiZWRpdG9yIl0sInNjb3BlIjoicmVhZCB3cml0ZSIsImFkZHJlc3MiOnsiY2l0eSI6IlVsbSIsInppcCI6ODk\
            wNzN9fQ.IaMncXf9w_P0q9hezS7lzoELG0rvNLKFIXl2-am5F9OYmsJwv4HbU6Ke_8s7er1ankOjXaJysvUFywR9j8\
            -3lqudMQdVThKiOI71KUcpJ8Xs_nXTkPatljbGMP7Sx4jXlOT-5dIN6XJlvTw18wOlYlLHdhepT3fc9cdFcRdTGlGH\
            6lNCMFCV1mnaI0pk34n9gqmW_nfQuaOo7fhP-XPmuVPSyT7Xzyo75ZlCXR4KulHZ6IRlAdiZoAhai_GmHKhoDhyPhv\
            MBD49_ziJwjM2GEjULuuX4_60tKPQMuFGLgrFtBQ68Ui8qbiQC1qHiyhKQ2EGGl8M--RbkCVXAaMn4_g
            """
        ),
        (
            "PS512", "rsa",
            """
            eyJhbGciOiJQUzUxMiIsImtpZCI6InJzYSIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUuY\
            29tIiwic3ViIjoiNyIsImF1ZCI6WyJzaG9wIiwic3RvY2siXSwiZXhwIjoxODAwMDAwNjAwLCJpYXQiOjE4MDAwMDA\
            wMDAsIm5iZiI6MTgwMDAwMDAwMCwianRpIjoicHl0aG9uIiwibmFtZSI6IkpcdTAwZjZyZyIsInJvbGVzIjpbImFkb\
            WluIiwiZWRpdG9yIl0sInNjb3BlIjoicmVhZCB3cml0ZSIsImFkZHJlc3MiOnsiY2l0eSI6IlVsbSIsInppcCI6ODk\
            wNzN9fQ.KFLrn5-eTbYjiyM3TEp9sGLEbitXmscDumxXK3Nf9MJAAUucZJpUBvPEgvhOMhbmad8Mz1LmWZ6dBUQMkx\
            1ZfW29Q_DvnqnmKGpRHsM3m0VaWbNcikKB9zHfyw_J3D53n6xKjfPW8_98NjBcdg23XRs3Nj2ZpLH5qApUtlLNlwcI\
            R_6zFkhU3OC1Kiut2vMP8rjkXIki_BNYK5YKCtffZvMDpEsD2dj5ESlXmZ8gq4-xk15Nf4--Xv7oFlALtb0x24mvJO\
            prNNAOL3Zhfwxn1JVzt33CsCjgSj1X226xRhEc14mALhJKvhGSXiXTpfxOT1cMFnXmEJv8LHiZedqHbg
            """
        ),
        (
            "ES256", "p256",
            """
            eyJhbGciOiJFUzI1NiIsImtpZCI6InAyNTYiLCJ0eXAiOiJKV1QifQ.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGU\
            uY29tIiwic3ViIjoiNyIsImF1ZCI6WyJzaG9wIiwic3RvY2siXSwiZXhwIjoxODAwMDAwNjAwLCJpYXQiOjE4MDAwM\
            DAwMDAsIm5iZiI6MTgwMDAwMDAwMCwianRpIjoicHl0aG9uIiwibmFtZSI6IkpcdTAwZjZyZyIsInJvbGVzIjpbImF\
            kbWluIiwiZWRpdG9yIl0sInNjb3BlIjoicmVhZCB3cml0ZSIsImFkZHJlc3MiOnsiY2l0eSI6IlVsbSIsInppcCI6O\
            DkwNzN9fQ.Mg68EiflU-iM-nIvw1ogHkKHg_11O_GyXXw81Kcdr9F8-vhucaotH30Yo9cWCShVoM19L31_gHD8nn_H\
            yI2ljQ
            """
        ),
        (
            "ES384", "p384",
            """
            eyJhbGciOiJFUzM4NCIsImtpZCI6InAzODQiLCJ0eXAiOiJKV1QifQ.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGU\
            uY29tIiwic3ViIjoiNyIsImF1ZCI6WyJzaG9wIiwic3RvY2siXSwiZXhwIjoxODAwMDAwNjAwLCJpYXQiOjE4MDAwM\
            DAwMDAsIm5iZiI6MTgwMDAwMDAwMCwianRpIjoicHl0aG9uIiwibmFtZSI6IkpcdTAwZjZyZyIsInJvbGVzIjpbImF\
            kbWluIiwiZWRpdG9yIl0sInNjb3BlIjoicmVhZCB3cml0ZSIsImFkZHJlc3MiOnsiY2l0eSI6IlVsbSIsInppcCI6O\
            DkwNzN9fQ.4z5AidWQ2dbUd2Mw0Oh3Vt2nmeYzB2egKmWx91VYEGXnhMs7W1QJIHkb4gu4sdMoAmNz1hWPYB5am1VW\
            R4VEpLxjEpQxBrlWT1zKPpwyqQC_KGv5bIQfi2QfG_bi0w0k
            """
        ),
        (
            "ES512", "p521",
            """
            eyJhbGciOiJFUzUxMiIsImtpZCI6InA1MjEiLCJ0eXAiOiJKV1QifQ.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGU\
            uY29tIiwic3ViIjoiNyIsImF1ZCI6WyJzaG9wIiwic3RvY2siXSwiZXhwIjoxODAwMDAwNjAwLCJpYXQiOjE4MDAwM\
            DAwMDAsIm5iZiI6MTgwMDAwMDAwMCwianRpIjoicHl0aG9uIiwibmFtZSI6IkpcdTAwZjZyZyIsInJvbGVzIjpbImF\
            kbWluIiwiZWRpdG9yIl0sInNjb3BlIjoicmVhZCB3cml0ZSIsImFkZHJlc3MiOnsiY2l0eSI6IlVsbSIsInppcCI6O\
            DkwNzN9fQ.AP74ubl40CM9WaXLCYSmOckTxj6Bg6f0aQTBZOxeqsXTmoAaenfdFT7pLH0dU46K-juiQBzE7IwIVJON\
            FYidmfRDATun4GS-nmqA0ptbZy5OWkV_gBR-2crRBxZvDbWfUhkkbQfeAS7sZ42AYlwZYZEKD7pN-7jHUL_ggOFpb8\
            _JwIr-
            """
        ),
        (
            "EdDSA", "ed25519",
            """
            eyJhbGciOiJFZERTQSIsImtpZCI6ImVkMjU1MTkiLCJ0eXAiOiJKV1QifQ.eyJpc3MiOiJodHRwczovL2lkLmV4YW1\
            wbGUuY29tIiwic3ViIjoiNyIsImF1ZCI6WyJzaG9wIiwic3RvY2siXSwiZXhwIjoxODAwMDAwNjAwLCJpYXQiOjE4M\
            DAwMDAwMDAsIm5iZiI6MTgwMDAwMDAwMCwianRpIjoicHl0aG9uIiwibmFtZSI6IkpcdTAwZjZyZyIsInJvbGVzIjp\
            bImFkbWluIiwiZWRpdG9yIl0sInNjb3BlIjoicmVhZCB3cml0ZSIsImFkZHJlc3MiOnsiY2l0eSI6IlVsbSIsInppc\
            CI6ODkwNzN9fQ.60VtaGNbZZMZS_GyqNKLMUP8a04IeGco9JiVQ8wUFf81wEzdYlNtm2ugqhFw1_3a7BJt4ZbvwgZR\
            4ahccHCyAg
            """
        ),
    ]
    /// The public keys as a JWK Set.
    static let keySet = #"""
        {
          "keys": [
            {
              "kty": "RSA",
              "key_ops": [
                "verify"
              ],
              "n": "pSB9288H4_2-Bvvp3QRfDJ5-2L0siKICEKV8bISR_9tKUBr3UkCqxGgsm2YhFfFCUk3R_Tlzmay2QU\#
        uelVheCKnv6TgFtG4oLoWDwlg3gnQ1c2b5ofuigkDUXfvT-Zsh1WsX89kiYr5GNIXCiChgBMB5iYXf17PlSvsufz18\#
        a3KX0-KJh4bfqQrwdXejp0Xl5_wZsxZmVl9fcr-Z3ZVUq_sdrahD7GEgeZnBPTdRNUzb-5iaFDD0oqAiYe47Ed5T2j\#
        SNQT70n5xnU6FNbglsbTBJ5lOot6d-a2Xd6sAVqssI5xvFDgOU5ZUfxQwiOLM-QJiHWMiTI3tn0tbAnvapSw",
              "e": "AQAB",
              "kid": "rsa",
              "use": "sig"
            },
            {
              "kty": "EC",
              "crv": "P-256",
              "x": "8dWvlpExR9FXLuO66ia9PpQ-AyOpHpKhrl0J733Bu0c",
              "y": "fbi4rj3a2mqgEGGg-0Nc2TA3uUOHWYwJfm5i3s_9BaE",
              "kid": "p256",
              "use": "sig"
            },
            {
              "kty": "EC",
              "crv": "P-384",
              "x": "rpe5awlkvDWrsbb0S_D2gVNmMhZwEqrT4keIf-W6yZa23rNf195f3Ym5qZl2KOKL",
              "y": "bFiW5bfXYLMpc39r17H0oNVionn9J7CUaog1xk8xB9deP-7vWhTiMHtp5-Unp233",
              "kid": "p384",
              "use": "sig"
            },
            {
              "kty": "EC",
              "crv": "P-521",
              "x": "AEjj23-KrSo6xMqGg3OKveyDOWc3_gifSyVBupRGfBMNGNiD9WfHZL1vfzegtOhhWy0H27e7H-uKPf\#
        P4jZXGkIKK",
              "y": "AakXba3Q_j6_IrRrtByyIx975BBlrmvlNcPUKeIuYxK5nxIue1TzrOcaxhTAlGu1kFNV2TIY4s10jg\#
        UMR4ahF3ia",
              "kid": "p521",
              "use": "sig"
            },
            {
              "x": "MrxQ1W42qqDfBI4a1jhlflIQw-OQdydBxYOIx1NzLcc",
              "kty": "OKP",
              "crv": "Ed25519",
              "kid": "ed25519",
              "use": "sig"
            }
          ]
        }
        """#
}
