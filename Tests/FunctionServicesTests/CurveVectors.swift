@testable import FunctionServices

/// Keys of the curves of NIST, and what the `cryptography` package of Python (OpenSSL) makes of them.
struct CurveVector: Sendable {
    var curve: String
    var scalar: [UInt8]
    var pkcs8: [UInt8]
    /// The older form of the private key, which is no PKCS #8.
    var sec1: [UInt8]
    var spki: [UInt8]
    var point: [UInt8]
    var otherPoint: [UInt8]
    var shared: [UInt8]
    /// Signatures of "sample" by hash.
    var signatures: [String: [UInt8]]

    static let all = [p256, p384, p521]

    private static let p256 = CurveVector(
        curve: "P-256",
        scalar: hex("41f405e69015a23e5f22251112e70b05e7b7e0101ebdb19011c4de748c1849e8"),
        pkcs8: hex(
            """
            308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b020101042041f405e69015a23e
            5f22251112e70b05e7b7e0101ebdb19011c4de748c1849e8a14403420004c19fe2e54023d8d1788d7d4e958c
            e5d1726d041dd7fcdd6a406e9ea44332064198d9c35d7ed7fb1339139185b4640c16125cca04d67af64bdc89
            cdc05612a274
            """),
        sec1: hex(
            """
            3077020101042041f405e69015a23e5f22251112e70b05e7b7e0101ebdb19011c4de748c1849e8a00a06082a
            8648ce3d030107a14403420004c19fe2e54023d8d1788d7d4e958ce5d1726d041dd7fcdd6a406e9ea4433206
            4198d9c35d7ed7fb1339139185b4640c16125cca04d67af64bdc89cdc05612a274
            """),
        spki: hex(
            """
            3059301306072a8648ce3d020106082a8648ce3d03010703420004c19fe2e54023d8d1788d7d4e958ce5d172
            6d041dd7fcdd6a406e9ea44332064198d9c35d7ed7fb1339139185b4640c16125cca04d67af64bdc89cdc056
            12a274
            """),
        point: hex(
            """
            04c19fe2e54023d8d1788d7d4e958ce5d1726d041dd7fcdd6a406e9ea44332064198d9c35d7ed7fb13391391
            85b4640c16125cca04d67af64bdc89cdc05612a274
            """),
        otherPoint: hex(
            """
            04ea216750d55573dbe6cbbfe91073d47984284e596c6d3f1ad132c743f056f48910a98a6454b7317baee294
            b4c40cb46380d0b7557234bbcf706cd214424e5ea3
            """),
        shared: hex("f9a5c0b7ed9d0c63dcebeb483855bc69c510912fbed0add1230580499e0b761c"),
        signatures: [
            "SHA-1": hex(
                """
                e15f7921d1d4c32618a58aa1b0fddf197cc4d21a37c0173910468c8d7bd05b68cfb811b7318fe1c82278da9a
                3f401ef7da462707602e639e9112590059178f78
                """),
            "SHA-256": hex(
                """
                7cb22d33b8a82e4e4e2a64692e1b306e116757fa524531a85eecd7e2d949fdb9afa28f155793258729c8118b
                f6aba4f9aba3bf79b086101b34a787e49979feb0
                """),
            "SHA-384": hex(
                """
                ed72de8d30fb1184cfef0edb591dad1d1da3757c6b98a0459da8fd25232c9df1ed5fdd5b1b8ee3acc44c04ee
                4c4196b6ae9abcc3ed6ae2482bcdc195e468f81f
                """),
            "SHA-512": hex(
                """
                5e1f9ae17d56de817a36027f874905f76fcef8fcd0c2d84e98c96fc7f2d4a18461d213b1da5e7d905a3e1f48
                0a33351611cbd2d3c6f282cd05f5b88bccea8b36
                """),
        ])

    private static let p384 = CurveVector(
        curve: "P-384",
        scalar: hex(
            """
            000000000000000000000000000000004ba65d5678096b136c6e60ef06b35450b10891d3686149034179b401
            69de3497
            """),
        pkcs8: hex(
            """
            3081b6020100301006072a8648ce3d020106052b8104002204819e30819b0201010430000000000000000000
            000000000000004ba65d5678096b136c6e60ef06b35450b10891d3686149034179b40169de3497a164036200
            046c78d858a91c141fcb12f9fbf43ec9c469fe1152e07c83f0b01f6a9aa6e8bca8b58e7519479747892d455a
            cb699663ddae7e8b8170aff140c500e42595ffe6c21a8be34ea2ec5a0b12c541e8c4c6f58b21ee3c2bb8c23d
            a3fc1920074e106d8a
            """),
        sec1: hex(
            """
            3081a40201010430000000000000000000000000000000004ba65d5678096b136c6e60ef06b35450b10891d3
            686149034179b40169de3497a00706052b81040022a164036200046c78d858a91c141fcb12f9fbf43ec9c469
            fe1152e07c83f0b01f6a9aa6e8bca8b58e7519479747892d455acb699663ddae7e8b8170aff140c500e42595
            ffe6c21a8be34ea2ec5a0b12c541e8c4c6f58b21ee3c2bb8c23da3fc1920074e106d8a
            """),
        spki: hex(
            """
            3076301006072a8648ce3d020106052b81040022036200046c78d858a91c141fcb12f9fbf43ec9c469fe1152
            e07c83f0b01f6a9aa6e8bca8b58e7519479747892d455acb699663ddae7e8b8170aff140c500e42595ffe6c2
            1a8be34ea2ec5a0b12c541e8c4c6f58b21ee3c2bb8c23da3fc1920074e106d8a
            """),
        point: hex(
            """
            046c78d858a91c141fcb12f9fbf43ec9c469fe1152e07c83f0b01f6a9aa6e8bca8b58e7519479747892d455a
            cb699663ddae7e8b8170aff140c500e42595ffe6c21a8be34ea2ec5a0b12c541e8c4c6f58b21ee3c2bb8c23d
            a3fc1920074e106d8a
            """),
        otherPoint: hex(
            """
            047a422a05f9eced1a3e600750e88f1c762968c7568c333a258def5c20225dc115c61a214149f6dede79a7df
            ba326235b95c6f497db372b3a47c3c59a5c27a50c144b2bceabccba8772c74d30805e13d4c41de203cef6b4e
            557eb090c14e7dde10
            """),
        shared: hex(
            """
            4165e0b020f813f01221f609bbe901ea6b58b0e25c9d7e306894fcb08cb7af7f717b2c3c8ea98841e70befa2
            9ac10096
            """),
        signatures: [
            "SHA-1": hex(
                """
                650ad0d707b4b7d35a5971940194652f7475c83f17faac36cd193f8d700ec106f2780fd3915658557c889acf
                8cc26b9b021689a898233ee09637bec6dd4b3d4af207bc1d3250474cbe3dd8ebae7914ca68203ef0bdfafea7
                6551e94bccbc9623
                """),
            "SHA-256": hex(
                """
                5b2c763500e9b9b98608cd40183297808362ec1e7124ebbd6aeb347958e106686fc3b681520b67679a795783
                d94e826593da880317989c4b159f7a4396cb7427ef7a688956fe0f2f9cddca4d9166722205c74d72b4617376
                fc569ca79935a78e
                """),
            "SHA-384": hex(
                """
                784d432681bffa3a08e54a4b491a29fb187b3421bfc0e15fd8bf48fcb0809b1c6b703439fdd241adba25c801
                409b752782d89fb1a17466cba4b91be6165df26e13b6c75c674ead0d4165a34f4378f695371dc90b89244d2a
                e6af55b8acbb37ce
                """),
            "SHA-512": hex(
                """
                59cee775789923c4e53380b5dcf5c978923deabb7045492e4fe5c19c26512226b6a04f62bb6ee156a71eb681
                45777e17e7154b5f40e5b43a0bea61d18dd54a0c385675d655533d50b895b804ef2c30fe0d6fdb2c133205c6
                0dfd76a6881d51ff
                """),
        ])

    private static let p521 = CurveVector(
        curve: "P-521",
        scalar: hex(
            """
            0000000000000000000000000000000000000000000000000000000000000000000096ff01c1d893dd02b34c
            785fd25a1724fda6e436e31be8f9270cc1a6842dfc12
            """),
        pkcs8: hex(
            """
            3081ee020100301006072a8648ce3d020106052b810400230481d63081d30201010442000000000000000000
            0000000000000000000000000000000000000000000000000096ff01c1d893dd02b34c785fd25a1724fda6e4
            36e31be8f9270cc1a6842dfc12a1818903818600040056c0b9cc2d4a903fddc3b9eb144b6cfacbe136793179
            93fb3eab093346cb9b78d28290380a8551b74429660adca0a81c9e210e99229845e114b773662bf128755a01
            355529ac4da657a412ffadde2e5f904b9d38562e5f3b7422da2741e7738bc2683d569d98a38e2bd965fc88f9
            1864a5214d3b94f8fcbb8cf296a8a9a9f7591743d3
            """),
        sec1: hex(
            """
            3081dc02010104420000000000000000000000000000000000000000000000000000000000000000000096ff
            01c1d893dd02b34c785fd25a1724fda6e436e31be8f9270cc1a6842dfc12a00706052b81040023a181890381
            8600040056c0b9cc2d4a903fddc3b9eb144b6cfacbe13679317993fb3eab093346cb9b78d28290380a8551b7
            4429660adca0a81c9e210e99229845e114b773662bf128755a01355529ac4da657a412ffadde2e5f904b9d38
            562e5f3b7422da2741e7738bc2683d569d98a38e2bd965fc88f91864a5214d3b94f8fcbb8cf296a8a9a9f759
            1743d3
            """),
        spki: hex(
            """
            30819b301006072a8648ce3d020106052b8104002303818600040056c0b9cc2d4a903fddc3b9eb144b6cfacb
            e13679317993fb3eab093346cb9b78d28290380a8551b74429660adca0a81c9e210e99229845e114b773662b
            f128755a01355529ac4da657a412ffadde2e5f904b9d38562e5f3b7422da2741e7738bc2683d569d98a38e2b
            d965fc88f91864a5214d3b94f8fcbb8cf296a8a9a9f7591743d3
            """),
        point: hex(
            """
            040056c0b9cc2d4a903fddc3b9eb144b6cfacbe13679317993fb3eab093346cb9b78d28290380a8551b74429
            660adca0a81c9e210e99229845e114b773662bf128755a01355529ac4da657a412ffadde2e5f904b9d38562e
            5f3b7422da2741e7738bc2683d569d98a38e2bd965fc88f91864a5214d3b94f8fcbb8cf296a8a9a9f7591743
            d3
            """),
        otherPoint: hex(
            """
            0400345bb0d32d06dcfb6cf4dcb68e680986426e04bf8769ac998f8f1715b9b9d1ccd5f1df9094e92e1fb139
            56a163c0f673b963a86bc4fa415314ab2aefba4e0a28cd0028cb6b26ef467152b10b20ede7f92a2bce9221e4
            e325ce0123a4a72a0256984206dae4b33fdfcf4b5870093c1f25b3b925a514d49304ad30c500a4427480d07c
            e5
            """),
        shared: hex(
            """
            0169745a12762be516766ed8bfbd2d1525e2d7e49d55c9cc4af2dd26e29e001ded9880914b40b41dbb6c8f0e
            5259dda5ce657b8402d50797d467c1f20daa851c2f33
            """),
        signatures: [
            "SHA-1": hex(
                """
                0038744f6acfbd71acd9551e10b0f3a360428ad00619371e5f8feb6630e6c8a7b417f40242a82e37fa103dfc
                c7f20986600a7d051ce7b856c315c56b5d1371ef4b4f01727c6ca1954ac993c2c6aaf5af3118e3cd51f4bfdc
                a95fffc904287b092e842ad79c28e18107f8ebad06a1394159a1e15a4dfd2495962486271c5037d8f43c03e8
                """),
            "SHA-256": hex(
                """
                0157b1768676571a451f4a1eabe39b6f6f05a9d5d71025426769f224a93afd5978cf0b9b66601cd9e2ba9bbf
                a21b5cfeaa9abb3c174ce47e87c9d17ebcb4caa7a6ce00701f2939e3dbe8dabca0849bd6c0664a3a26283e64
                98b4e1f7f3aceee163070b789a5909e24fc8264b4744fbb0edf87cbddfb8d596a9dc1b888f2d62c8f8af8097
                """),
            "SHA-384": hex(
                """
                01d1f8c84f57381eb549b818dbc3a950623fdfb378b49bcb312d8fece58eee0cf1a9c0a7a14d0bd4f45da0d6
                8e066d57b80ba3f6935b64e12f324ff0f5aba398705001a1176c5d39d3ead1315eb615836e80f108cb133d93
                3340384140167271f92b1ef0efb19c9f640e303ab6893930b52cd1965915753bdf2dd1f4867a38ed7f1443eb
                """),
            "SHA-512": hex(
                """
                01c330e66cc9af66c67f38b5408f4f08c73812b5dccbe7a8e3ce39c25461c6aab62e02bddf4d1c6143ab2f87
                03126a8d518c1a70139d607255db5d0dc6304a5c618c01f89ee1daefc51b9a0460d978ffa949f7d9bcf7d986
                ab22124e5224e1c0e7a2c8ea59c79efbd2606cd2eaf192712dbe5eef9ce6817becfea5efa482f744d9574e50
                """),
        ])
}
