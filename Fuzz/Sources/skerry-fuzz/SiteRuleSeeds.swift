/// Rules of sites with everything that they can have.
enum SiteRuleSeeds {
    static let redirects = """
        # A comment.
        /old            /new           301   # another
        /blog/*         /news/:splat   302!
        /u/:id          /user?id=:id   307
        /shop id=:id    /item/:id      308
        /out/*          https://example.org:8080/:splat 303
        /app/*          /index.html    200
        /gone/*.html    /404.html      404

        """

    static let headers = """
        # A comment.
        /*
          X-Frame-Options: DENY
          Link: </style.css>; rel=preload; as=style
        /docs/:page/*.html
          Cache-Control: public, max-age=60
          ! X-Frame-Options

        """
}
