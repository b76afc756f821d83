// What the pairs of bytes of the East Asian encodings stand for (Encoding Standard, section 5): code points by pointer,
// as encodings-asian.js reads them.
(function (bridge) {
    'use strict';

    const tables = bridge.group('tables');

    // Big5 with the Hong Kong supplement.
    tables['big5'] =
        '~+7y4oyKmy:Xj~kO|3z#yO@y9f|48_yMe|48t|!lly=y.yL#kx|2OH|2,4|3|W|3o<r@yL4|5H.y>4gzyLd|47wyN,eB_p|3enzYF|35$|' +
        '1;,|2B;ojz8Jykn~ !z{6yqh|4dNy#1{fQ|46TyyD|1CGyv |![_|5;9yvNnOoRz;W{3L|5,2zaZ]|!d*|1C<|2-a|3E2y%s|30}|!k%zt' +
        ' {}r|2KZ|4[%|1~W|0m"|2 qy2?{0Q{}q{],yCI{4ryp;{fi{V=zpgm&z8^vR{;xzaEzv2z;mzqgy]n{Q7|!X3z^w|3>Nzbe{~DymnyCHy' +
        'dAy-2|2-OynwzrO|45%{D,y<K|3o9y.%|3>.zuy|1Ww{~E|1W|("{~F{1w|2+4y+o{~Gy7J|5grz.VzT[{~H~ @|!OI}"|0PY|!ON|0O|k' +
        '{|!OO |0Ov|1JM|!OQ|0Ou|!OR}!|0P[|!OV | "kk>nwi(luk4ltk+mIjbnii6~ !| xS~ !!| "3Wk^nViGp!hSkSRkJlfk?nLiQm%k"' +
        'nHiUm>jjnCiZnF!!!iU~ !| xT~ !!| "Sp(|!(i ~ w|5I*|1 h~ !z4y~ "yQNzP:{wO{Ub~ "|4)Fz3ZySu.mEpa>Hlkn%&mX3mH&tK' +
        'qe4"K!r+X nfqAphz6>rp%m%zKyuSxJz~1(.-(0GQu(lxmg{?/qMDuk &z_hzyUn:z@ezsJy]D~ ${Tkzmc{T;{% ~ !{H8{%[|0k8~ "{' +
        '$b{{XyMN{xplfyKy|597|3sO{yS|5B8|!ZV~ !zOS{*3zcZ~ !yC*{oMC{}tzoz|4N1|1DW|0^s|1k&yQ5m!k~&XLlo|!VQyU_y$)yVHmJ' +
        '|!W%62yZ[yqNy[TA)b=v{7m]|!Z]ybV|!YByb^|!YDybqm%|!Y_$nzye,01$7?I+$|!Z-yf~|!Z::yh]|!ZZ|4:{yfd~ !|0qmn<|2yTyg' +
        's|1p;|!h1|0Vh{Ka|2o{|4~!y*j|4Cyzj7|1ng|!h{y?_|4E_|3bO|2pOz4J|0u5r1d!wLz3V{L;|0x;dxu>|1o||4HC|2U4~ !|0t[|5/' +
        '%|4DFy@ |2rT|1p7{p7|!iP|5!{y)_|!XS|2~#|5(1|4-k|1q^{wq{h|~ !y4V|3FZz4 ye~|1qggm|0}P|!h@|0}H|3Wu]|40-z4W|2w3' +
        '|0qn{L$|1O:|4c=|0cd~ !y@8|0R>y)myov|1rJ~ !|2Ws|0[U|3FL|0z9g7ygZy+vt@~ !yG^|1ia|0}x{(W{kF|0uUz0V|!hC|1aN{J5' +
        'yjpz3Ey$#~ !|5OZ|0vh|1jnqO~ !|0~E|26G|!g3m9|4I,|!Yk|3@%|1Lvyi}|0y||1p&|5%5|!WgzH||2qD~ "|4#Q|1u4|1PE|5PX|4' +
        'gN|0w}ea|3[E{!j|0~L|1c#oC|![4|2{T|0x1nliRy(b|0y{fbw5cZ~ !m#c[pPu^mBy)l|1^&z2W|0{>|2%9|4%_|1mW|0u7 |1o!#|!h' +
        '^|0x=r(gT|5P/|3f=|4gSn0ih{b7yeg{+^yh>~ !|5;L{t;h |4)q|1sOzVw{&xjXyz)|3S}{&=|!abyaj|4Cx{U7|0yCiJm-mI|!Zt|2p' +
        'P|![B|0sGyj~|1b2|0~FdHm-qUn9|4GP|1*:|0w||2qY|1rcyu-|0|R n@ ymU|0vp|4&^|4I_|0{FhW|2zK|!_(|0{Gp}|2~5|5FR|2e3' +
        '|15+|2Kr|4Hkyp>y^)|![S|3,Jzu}yx-y@-to{|]yEH{t4jG|381|1|dyi#|![+yjVyQ9yqK|1>x|8 ){fp|0O/yQnm$|!Y/yz0tqm8|!e' +
        'Sz-=t*zFqn#$wapryQ=zZt|2bV{!&zo,vGrS|3KS|!Wl~ !|3M~{"}mC|3Ueu#yah{;=ol|4-S{D=p.{^%n]&m.|4j~{hKmTl|0mJ|5(o{' +
        'u5pTmlzFf|(QzyQH|0O0{cNz-({^C~ !yW#zMq|55#{~"y"d{;j|2KGzTfy|JyHo|2{>|!YJ|3= z*&|4_7{OPrHzWlz:_z^m|2!6|5Aj|' +
        '!oL|18^yH^zn1z_Wy[&|4UPy)|zCn|5FOy/n{4n|0lfzqe|5,4|4b7{ftzT:ya-|1L+{[MzhN|4^D{~#zk>yRXoZn5dvnQ{~$yd)z{,yp7' +
        'la|1DCz!y&o6|1_Gz6@|2%>z@6o7|2=fzK(~ !zY |2Uhz^=y%b|2enyw6zbV{C~|3;M|3*Zzrrohn@pZx^s<{~%{;k{~&{Lx{~({Oz{2v' +
        '{m{{VF{~)|4j%|1*#y+*r*ytO~ #{isz;Ty0eylR~ !{43|2d0{+X|3v:yL_|3l9y}v|3e_x|{~* yx[{~,z:,z}DzNnzpay" y7,|2 i|' +
        '1aqy3upM~ !y|*|2:/{BNy{)y e|2*%y}s{~/zW0y8g|2JA|1ETyLT|!fw|!VO|0R9|3hx{B yUU|0StysP{&w{ia|5+Cz#j|0p#~ !|1O' +
        'Z|4]*y,ay<X|4qdy&0{~0|5C_y,U|!bCy=8|3h}y. |4TO|3~Ly8||!e-|3$+y8pk7yORi&nfy:?y)9|2hT|!]>y7Gk]d1y}7*.y#9|!b~' +
        'y~A5|!c18z!&m@m-m"|!ec,K.z)8m+^w|!g*z+b!6|!gYz,{m)lxS|!h=yk!|!hHz1e9,lv|!i4z4-y|lyiJ{}z|!j#z6;|!jJz7Xlw|!k' +
        '"z93|!kSz:[|!kuz<1m |!l-z=}Z|!lGk~*z@%ZzZ zA$[ke|!m5zB;|!mVzCp/k|1|!mgzDF|!mmzDX*?BmPlcImPU|!p0zK+#@l~y @z' +
        'Ls-m)"1m!|4^ zOvGkw{}XzPE [0y!;|2EdzR%l_y!a+zX4y{Jy""zSwy"*zT=#;0*|0VJy4>|![*|0y |2DTymy|3p(zVu|3.5|!]+zAe' +
        '|4e!yx9zr%|31!|4}tzrB8|335zs<kt2 zXN|3QNy.qzs["-y/8yeK|39dzt0lmkQ|2~m|3<KzumkJ{. |38s|3iXzv={/Jzu[F|3<oy"F' +
        '|3:l{0azvi,O|3;lzwUlb|2aKzx[z8||2W zy!k}?jimD!kVpJy8*|3nQzzZ|3p+zb*z{*BzVlz{T?|2Hf|3E:z|)y fz|:|14Fz|*|4KF' +
        'z|d|3G|Yz}WDy2b{]kz|no% %zo&|3L^{m|{!n|3N%{!z|1/||0Noy8k|2/qy7n|4Jq{"u|3QJ{#!"5+&|5@D|3j@{#X E|1_IyDF|3Uy|' +
        '2Av|3X$z:l{$j|4_M{%n3ypU|1_+zIb|3QY|2uQz4T|1*q{)k|15OzC]|2fdPy6?{)||0nJ|3cS|2@myV>|1,*{1Sgo|3eS|2d]|2)c|12' +
        'z|2B-{+Cz@8|8#1y/#{2be*lm|0vu|13^|!^B|1}Fvh{*rm,V|2Cf|3ljdemW|2+Gy"X{,Zyhs{-hy7v|3ll{.152|!W&|3p)zCb{2q|!W' +
        '?|3nO|1v<{0$|39E{0>y"ny7MzDT{/u|2>ZzoI{0w|3g&t!kI{1Oihj[y6g{0blt|3;:y0-|3;ky8P{2Iyvq|3oJy84{3,y8"z<L{4u|4R' +
        '|6{3||3to{4a|1-S|3uV|8#Oy8y{5)|!]$|167ycH|3}C{6"n]|5AY{:"|1nT{9BIUyj.{5oz>+y:f{:| |4$c|2AJ|4$g{;7lay;T{<1 ' +
        'z1B{<Bzj4|4(~{>L"<"k}5|4_*{?P|4.kpJ{AMzjP{V"{AA|42.zsl|44W|2FTy=T|44UzWU{Bc3|3"{oB{C8- j5|2fy{D-+iI|11@y:l' +
        '{;(w{|4:I[|8#s|!_J|4:H{Ga|4;1E{H?kp|17I{GfzTI{H>|2mBy%U{IHR|4Au|0|I|2d?|!lQ|4Fc|3v9zsj{Ll)-w>aZ4|4K>mt{ONu' +
        'C|5F4|0lE{O]yCC|4^?^,|2ALz#$|2 u{PF|5?-|4TYg2|1SN|!g |3p,{Q(|4PI|437{QR|4P{mf{R=|4UT{RY|4U&{RClrm/|!k {U*;' +
        'zxc|4[L|1F_{V3zJ#{VhA|3(6{X%|4aq|2>@|4bY|3(X|0tF{Y=lb|4b.nuzT~yv@|4b/"yD!{Vk|4e$lpkC{Z(nQ{L{{apAgop+zS?y1J' +
        '|1]i|4Tw|1$-|2BeyE@zHY{dP;y-o{dz|3p*z,&{e/znB|4b-{e6yb{yD_|3j5|0TQ|3P-|4r<V|2gt|17N|2"e{fN{5C{fSyEry8Jlk|2' +
        'h.zTdywd{f8ld|4uN{fvywm|4uf{f~c"yX^|1{8${gJ62-!2.|3#Y{hSz_s|4|({hfku|4{p|4/eyG|{i=k~8;|!k?|3wFy!F|0_w|2KU|' +
        '3+q{jykl1k~yHL|3kH|114yh5{k2$%{Z-{l.|2f%yIe|5)Xmu{n27OkRlk|3,2|!^E|4r>|53>{pg!|51%{p{yKG{q=9|4RUyV{{q^|3ac' +
        '|!dz|1zZ{q{ko|577yt||15T{r[|2N0{suk|-|5:M{x{|5>,q09imlen${x"$|5B9{yWz>^{xk|1NP|5C<mR|17v|5E#{w:|5@xqP{{ $)' +
        '#yNY{{;$|2Q5{{R|!l5gtt{yT/|!b+|4ef{|7%yJ+{] |3li{|Lk~Cyjnkj{||{mQ|4qv{hW{0L{};&zs^{}izY7yJS|2d*lizWP|2eQ|2' +
        'Pw|2fNz^O|4dq|173zp4|4];|4kG{Y|mO|4_I{XYmZlm|4])|2TxzY8y%rzj/spzUc|2T0j_zWW|14<zU4|16S|2*py%L|15x|3"z|14E|' +
        '!_G|11]oK|!^d|12{ol|3Br|!_H|11 ylr|2f!|1)?h;o+nY{1v|2-i{1vj+|2dI|3w6|2Bh|3&5|2Dz|3t7y7^|2.S|5-.|3p}z=*|!_X' +
        '|!n2q&yoo|17[z=Ay*n|2/H|2J6k&mI|3hVyefq(|3WJyja|0{r_:r_{Z}|4bb{ZQySQr,|!c*|2SOyRs|0YxiOyTHlb|3)tyuA|0R@qw|' +
        '!g:|0V/nu|!V:yT%|0UA|4lj|0TR{B/|0SEyRMr.lch%j:|2ei|2CeyT?nUla5j#9m8mkm!!! zO/|2*l|2BpmKzL?|15w|2Cdy[ ;|0_$' +
        'y7F|0ZXknk~{IK|4aE|0c?y]xln|0g4y_F{Z"y;uzWg|2Q^|0qI|2dc|0~czB6|0v|zaty%ezb6jTleiyyJ"|2g^|2I>yc |!YwzY0|2I|' +
        'yh9|0Vlyeh|0pKyl2{W%xjb+yn:k-kq|![yyprq"|4_K|11[m:j|ytcjg{WXyuWltiz|32+|19vg[|2N||!^xzK.za<ytV|3@byuZ|4dn|' +
        '0Y#{[9zb)|1%XzV:yD/{[c|4^]{Zt|!akyz+mEpski|18uke|29az"Vb;|17< |!_%|165|!^_|11a|!^T{&3|4_L|1DG|2&[|4]gz#9!|' +
        '17bgsyuD|12@ywg{4s|4%!{;9z(;|1d$erz%Py%=|1ZT/|4qs|3qnz+k|0NC(|1[fz+Bk~hp|1onm1|2Zk|4t!z3:|2YV|1lO|!hp|1ke|' +
        '2&9|5+3|1u z/r|5K#z4"gjmg|2e<|1r#z.9|1otz2bo=w4|!mo|1zmqv|2d>|2!byfJ|2"9|16p|4|4z9q|2!>ia|!joy.5|3&^|4bq|3' +
        '&j|11^|3&4h[zn;|1|(|14y|2 E|!Vk|1~~jL|2ORz9/|3kEz8jyJ(z8-|4,o|1Dzz8b|2"+/z7y|3/m|!e*|22/j[|!lp|20Oaszbo|!l' +
        'mz;z|2Xyz?/jA|!m=zDm|!cv|21%|2TDzC<?m<]|17Kz5!unpg|!mPzD&nF|2G)c7{ZUj+|4e"ht{WR|4B3|4^={]fzLtou|2eEzL4|2FD' +
        'y"(zMw|2HIyttzM}yoHzKMzlGzVr|2PGj5zV%onW-|2]njqyZN|2gE|0_0zau|2Dw|2,~|2fGh_|3DNy&/k(|2h#|4e]|2EVz(fy%zzbkj' +
        'I{Z<za0y6f|3mSy8_zdjy(0|2mRMy($zd:o+|5N}|!kJzac|4aw|2dbkb|!k,sq|2fKy&(|2d|ie{U}ylG{YS|4b0|15UyXn|2|6kCzj5|' +
        '2 Czi& m1|2Z,|20.|!iG|2b^za1m(y%D|2g[-y,$|2g7|3IO{Xv|3&Zzl"m4kzlmz_$zoJ|4)R|3+Ly,mzp0{0ezp:zC6|2Dyzquk7y-q' +
        '|11Gy-3{VZzq*|0tc|2dA|0Tx|2AK|12u|!Z,ygL|!YcoG|0Rk|0q6zseyu2|1_*|36#klytB|0T8zn=yta|39&zt"y/Bzwp0y/Z|38rtJ' +
        'kizy%|2eR|13YzxCkmRzDaz| KkIp,|3KJi0|44gz{8|3@ay0W|3fd|0h}z<e|0NS|2+Hyn |3P/ke|2cu{"VztL|0fI|36_rSzt1|3?G{' +
        'n"{5F{oDzC$|2&(|!h&|2eP|3TZ{n]|3TM{0M|3vT^yy7S{&@y5"{%+lfY|3Z9{jr|3cC{*W"|3cR{/~|3ln{4o|3y4yuay.#|151ywL|1' +
        '66yvc|16o{6E|8#Y|2@~{:d|3~qyt7{;GyTB{;bXGmDkg|3*H{=w|4*:k~|4e.kck@gJy%2{0ry=6kW|!ba{@Jk]|4|=z#|{VP|2Nkz7-z' +
        'V_jv|156{wp{G(lm|4;wys+zk#yt$y3G|!^U{KCmB|2k:{N5:y2)zI9uH|1SJyAnzQ|iG|14&{sZ|!^6|2c@{RPkYygRyB}{U<rB|4_Py*' +
        'y|4bI{]#|4eV>{1V{@8{b%.kok~|4hYza>y%G|2bnoP|2Ray%n|2 6{df|4m@jXk~y%Q|2eFmP|2GWz_il|y&${f_|4r=z=zyF!|4q~|3.' +
        '4{f|_~|4]Fs:i>|3O7{X&yw2{CdyCUz_N|2M]{g]kSpz|0yqy~_|4dZ|2gS{i(|4}u{Xe|5!]{Uhy7)|4cA|2ff|4cU{k-|4_Jy&){VOyC' +
        '>{/={l02|44"y#:{m4yIb{mCmy|4cV|30gzD<{n_yv}{nn|5+:yJ$|5,5{mUyJRkW{Z2you|1%Wyo"|2do|1+szlI|1_T|2AIz?>y!t{]U' +
        '|!f#z*U|1aZq?z)j{tf#Hk7kXjHls|59p{rn|5DBi>{w!yM/|2JY{ycyM1{vk|5C^ip%|5+z{xJ{1.|3m}q!^r{4Yy8@|3lknIjE{/Iq"|' +
        '3mk|21(|3Ewzpy|2*smkyCF|2e7y!W{[4hvmO|0U@zmd{W@q+yV)|!VE{QU|3&6zlB7m&jp|12]|1~6|2cR|!]yyTqzS"k~lhl ycg|2LR' +
        'ymvoEh({vuyn4zVk|!WX|2LIzXj|3hw|2u0ywI|13_|4_Nz)oyvKity1M|2TE|!_QyIn|4^^{Zrk||16m|0yh{0?|3j=|1)T|2P&|1nS|2' +
        'R6ys$|2AH|3Y!z{I|3HXj!|2dpkO|4^[{XRz_7y%pzbQ|4cT|164y%h|2gTzE)z_H(y%[|2f;ly|14%|2fe|0Wr|1)g|2e>zaA|2c&zU6|' +
        '2d+{WMz_;{Yr|0[W{YB|4ayj {Z;|4d~|3(RyCN|4a+zWD|2cT|0sryjs|0_a|0prn6yf?zpY|14Gz|C|11"|2fM|15Cy8;{[Z|!_/|4ak' +
        '|2ddysA|16TkA|4 wyu||!^e|2@H|!^1{W(yuR|4a*|15S{Z)|!p2|0mMyG?|!g+yY$y!_kb|1(9zWNy20|4GczN#|4rsy7TzL#|4=0zTT' +
        'a^y &|2GVg-zMunuy!f|0Xdzd6|!^=fUy;{y%ayABysU{W7yCW{NF|4eU|3gQynqk3|!^W|1*7zV3|2Q3|2fp|1xz|1$c|1U.z?2mu|1(5' +
        '|2(t|46Y|2.D|4a,|21&a9|2lvzC"|2-p|3j4{/iy7Hkn|3kGKihuAzPv|3v6{,||12?{.t|3iYv]|14(yrxnd|13]yu:0|17>|2M=|!_R' +
        'yt#|12A|!^HzWi{ZEz9;|2O.yuGk:|2NzzC4|2Dx|4)G|2Svg]zVR|2N>|4^ByUQ|3kIy{u|2U/|4=.|2R2zBs|2N;|1%YzU7mR|2R_y">' +
        'zJf|7~2|2fLz}Nys~u)y#0z$-|2fZ|14,z{E{/Oyd||29m|2"Y|0SMym7|0h:dEy)V|1Ia|5FKzSL|4t0y}kz^@zy,|4__|4{syUk{"bz[' +
        '6lf|43oz]E |3+az]N&y%.|445{Q^zXt|2baz_6{)Gy%Ozi$y%VzJ&ykpz_p$ y%i.#%zbry&7lhzd&K$;y(IzeQ4y)1zf|y)HzgEy)Mzg' +
        'K|2tQzWcyiL{>Eyoly*2zi]y*Nz;Jy*Z|!ZrzjUy+"$yzmzj}-yq;zk{zUJzl y+czl>.*5{/s|3%lzo#z=4zo"y,b%zp%({Ofzq?{Ogy-' +
        'jzrpy.Wzs={*py.kzsP,y.vyQ2zu+*/m])y0M:zx0Ay0{zxoy1$zyF{O<zUQ|0s@z{r$k{Mpd%zZfy3r{#=$zt_{#K"Cy"gymozU1{$zRy' +
        '4l{%sz]7{%u#zdE{%{y5!|!kl{&a" y54yo;{()(y5F{(@y5N{(RynL{(pCm5y6T{+?kMlw.Gy6w{-8{d>zAK{/.zV*{01z)D{0Uy7o{1/' +
        'C78H:y8H{3( m5y9({5u@@l_{cx{8zy:[1{<+ltEClm|4/P{@6/m @pNmH>Jy? yob{J8y?xySG{KSyh^p-{L.yh|{Loy@f{M/4!)$n.*)' +
        '!m,{m^yB!{k1{V8yC7{VMP3lik|1D(( )lildIyC_,{{P{[ry_h{[x01yD&{]QEm{m:yDf{c$lbyEFz<-yF){f^yF:{gu0yj yH1z)I{jh' +
        'yHh{kByoE{ka+y[-{ko;+;$yIc{m_yJ2{n{n<zrb{r68m 4"yLJ{t5|!a8|1>y{wJi%scyi{{x8J"]{_;{Oa{zjQ$,){_ {{u/&zsI{|{|' +
        '0O=qznRz@7{^fys=|0[0yoA{^d|!b%|0^xlcm%|10yylnzWL|0m[+n[yda|7~H|0pPye7|0q#lc827z)H|0rZyjG|0s%H0mGlf6z@t{tD{' +
        '96|0vc*n2n!jxi}yz-|0{Mz L|0}5krGz:e|0}T-.|!]#|0~<4m ,yao{0||1%8mWk>{C||1-Hmip[#yR-zUL|14|oJn,8q:li]qsz.X|1' +
        'GNlczWsz>*|1KNzBN|!^I|1Q^ojCtsoTnG{,:|1fvLoO{>l|1k){OI|1kO{g{|1l#{iPrq|1n{~ !]O|39I|1q *mlk[mto?l{m,SsVn(z' +
        '%%z8Em<|42N|2*<mQzY!|2dqzk8|2,7ngz}r|0VmypZz:Sqa|28v|4%~|3DO|2BFmo|4%"|1LGyBEq=|2Jp|4aC|2Oy?d/t:m&|2fB|0^m' +
        'y[K|0_Vys0|1G |!m7|2?H|2R{n;ymA|2Yg|!g<|2[j|4R=|5-Z|!a+|1O]{CW|4c?{mq|2_7nRo&zY*|2gc|0rEyrR|2rRnJ|0dN{M;|2' +
        'vky^PylTzWJ|2}Rp1|2Em|2gHyhA|3#3H|3f?{UU|!Vz|3%v|4%W|3&7y=Y|3&;#rZ|2cP|3/VyWO|!XH|2$oz)?|31Dy>c|4[c|36"nDm' +
        'B|1C{ymZzW*gR|3G[|46y{QG|3IS|2u3{C[|3O}lky}T|3h,{N;|3QE|17U{B?|2eO|3QI|2GX|3RyyJU|3Tnna|1_P{]d|3.6z+>yt]|8' +
        '!!yU]yk*|2V%|3X9yQ}|2cE{d+zL]|3j:|![Q{><|3Y|n>^rw|zX]|3^8zti|4rM|0kd|3_;{S=|3_Nzr!{y9|3bW{ne|3c.|!]<|3Q*|0' +
        'N%zov|3c5o4y}$|2)J{.T|3g.y<o|3j zc~{;>|3luyp[|!_A|1Z2|3t0p3|!ns|3z=${WJ|1Nq|3zH{YA|3{G|2e)zHx{^@|4 A|0yA{:' +
        ']n7|1f3|4N8|13ZzOs|2f&|14o|!gEctyy{zpzy8Lz9W|55__j{=f|4+$mQykGy,<|1/"|!gB|2/8|4DE|1(dzX*{-G|40l|4u yu@yM8|' +
        '3u8|4]j|41.-nlrT|2Kuztjg(|4A|zRZ|5FvzBj|4JMybO|3mr{Zvz=i{f||4ErhE|3ap|1).|2 @|4B^y~!|4ek|4C<yl*{i,|4[dy~H|' +
        '2d=z6uwDyc"|2gF|2FF|!n.z:}|4CIm)Z|1Id|4EPZFm0nUIl~|!Za|4N-r;yBqz1i|4[qzkk{V||4]wy4q|4^Hy4]|4^IommSyt-|4eB{' +
        'Mn|4oho4ztx|4sALy#4|4t3|2gm{O{zZTyjX|4~#nmkD(p+pPm=Al|m*nOrEldz~,|5<$KyM${a0|5F(zW}|5G8yOZ{Pa|5O#yOg|0rk{O' +
        'iyhF{Oe|1Wk{Od|2g4y7tz}jzQW^(ySC|!X1|4b{|4->|!_a{L=|14B|4B9|4c^M|41q|3WHy#(|4%||2>]|3)VtdyRO|3@_vbyk0|0wp{' +
        'K&yx2|2Cc|2luz1ai&|14CmJz5AyiV|3:Oycm|2~py"a|585yLZyiKk{{ ||3AYyrd|2@-{8^yQ-|0{}db|2-}{%~{wa{HEzfj{tZzf}oz' +
        '{YVyd&{&QpbyiN{&;t&b_yhqzoSyinez|0xB|!Zeyi.kkz:6|4Iu|![hzcwyhwkGhpnD|0qllxz"Y|2ys|0wy|1o3|0xG{{<zzWyhe|0}N' +
        'z.2{g.ye-{GVzXu{TSz2 k:lhygJ|1l({u+|1u]yZq|!X,|0ubyZ~sCn:ktzg7{KF|3]Wze:{$y{:9j[oN{(era|0~>y7Uz[o|2[?yxU{,' +
        'H|3]byjH|1_)|4:#|2L@|4:j|3p$vq{TM|1"B{V-|2?E|5QJ|0xQlpzZ+|1ACy>3|2u[|4Al|0{~y,W{ttz50|1r^yBj|2^c|57w|0| fi' +
        'z&}|4$#|0|!~ !|3EY|1!LzW~z}y{wQyQ+ki|!Yjyw.zJ7yar|!^-tsyb*|!^%|2Xgyp?|2iW{*!yd@uD|35h|0j%~ !|!i;|1V|z^$|5;' +
        '5yN.{s_|2?G|5<^yL8|2uB|5!"|5>S{0)|2AG|3zq|3Z8|2/)z/izz!|2Dvil|!hq{PUy_1y$U|!]Wy:>|0ZCzfoyvo|0x[zm"|4?WypLy' +
        '+zyjI{rXy}ozg$|5JY{ztyMdzf%|!bjz)||1{[|2Ri~ !yj*|1$Zymb|2cv|59Gy]Q|3u7|!ZBzI+{x zwi{qdyn;|12syzbz4@|4}k|3M' +
        'h|3w5{6R|0t=|3kC|2h&|0u*~ !y[y|1H,y~+{e~|1D_{zp{Q=ztD{q+y|%zunz-Yn6{q(zv<{qSzx3{qWzwSlg{t*zvk{q2w;cc|2cO{}' +
        '3ygTyy,yVB{{)yV7riy#Cy_6xiyW?ysHx,{h-{xP{Ncyd_{gwp=giya5z*5z@Iyc+{s}ncyKv{ctzAAyX3zd+|12t{muy^4~ !{T6{dV{T' +
        '9~ !kt|4lLz0]|3kDzDyyi:{Tmzdaz-x|0Xkz]]zx$|3:%|2?F~ !|2c*zhK{rlyQ;|0sE{.CxU~ !yzWzB$yX|ym3y]<z 6yS&zHp|0S+' +
        'yT6ye5laeg{IS|![7z#9|![,~ !zFG{TY{~!_ebPmKq[vykYzWSzt9~ !zH7{:M{!M~ !yiI|5PG{L4{},~ !{JIm@{yg{Jxz-u|4KV{KA' +
        'lpzsT|2fvzqyh+zJq{@vzf4|4_a{|[zJS{9izeL|5FGzlX|7~M{H9z[KmT{C%z[mqD{Gv|2g]{50z%/{;{y6~~ !|15,|3mp~ !{A/|1Xz' +
        '~ !z)_zg8{p]rh{Z"{r]{:*~ !:{H#z]9{f>xb|!ZmzZyyK@zwd{l?|3HVz*_yK={{&z+%~ !ylvz*voDjnmZ|!iEz,/ybW|2%:z0Axq|!' +
        'Ziy}P|4dW{P&|4kJ~ !yXh|1C/znSya;{ck|0z(y*|~ !zka~ !zxy|3B?zy3dT{$&k|cGzcFkl{>Y{)mz:Q{$"|4 y{#zzc1{%jzi={>N' +
        '|3ZQzd8|3p%{9:E{(w{8{sZr^h&ziDet{1K|![pzAu{Iy~ !_vzaczM*{9R|2G|zc(y"vzWOz(cncy !zW;z(4~ !{!F|4b|zYsz)JyIqy' +
        ']=|!n5|2>n|3AX|4%}|3%h|18 |1%S|5+L|3mEspy{t|3IN|4^r|2-8|0P;|3[q|2say8qyw@|3N {})j/|3KT|!JU|(dc|!JV |(de| |' +
        'L|(drk~$kaif| |Kk~|(b^} | !~|(bc}!np| |8|(b>| |9|(b@|!-5|(bA;n! ic o2!hm |!Jk |(bF |!Jg |(bH |!Ja |(bJ |!J' +
        '^ |(bL |!Jc |(bN |!Je |(bP 5}#| |= " |!Jt | |Zk||(dX"#| |b| !n|!JX|!.0#kck~<Xk~k?k~kXk~=k~|!Qv| ~t| !v|(g#' +
        'j5| (l|(bV " k| 3} mq!| "@@k7|!"u|(ds!k~|!#e kxk;T/|(bq}"nc|!#% m@jTk~mg|!U3k~|!#("&k~w9!aj#i-!k|!# !k~mRk' +
        '}|(dfM|!"p|(bwmcnJ|!Ji|(g  iY;| ~r%|(bx} |!U6kD} PkPkl U| !wyZ.!"k~#!xUzc*zy&|!-B}%&k~k~k~k~k~k~k0kwkwkwkw' +
        'm=jE!mXjP###lx !k~k_.,kvmF !k~jh} |(dg}(|! s}(|!Jx}&yaJ" |(dx}8&}8| *x}/!}$(}/!}$|!MF}C| (xko k|#|!)1}>!bD' +
        '~ >yPol|k$!lc:I%Ns!F%m:@ mam?L;m1yPx!k|!A-v2a{"7k~P3s<n,nbllmK:u q J2loq2 !ml736Yo{(,} +m9mQ-(t}yQ!k~k|@")' +
        '2yzFyR=)#k|!.?k~"" %k| kxrzk}F% k}Km#0} n]" 7C/k~k}9Fljk~"yq5l_!k~"q~n%36Up6mLmI5 mur>N5"t!l{0-5Lnv8@w$le7' +
        'lu)&TEwfpr,$,2!ltnHyQ*k|k~k~#C2!k~m]krk{}!, kt$rbk~lh Blp k}2m[k~m+ 1%_3x<k~8k~/k~lpTkt/kx!kzk~4k{k|kukz#(' +
        'k~k~kt(.t k~r58"lf!q4Nn!p^k~k~< m5)mJ7k~mur>ll k}k~u9ldoUk}k} !wem/lgk~H)k~k}zZvn>$ob*R&) &}!l{n[Q1OnV&1oT' +
        'mIm}lzyQ/ S 6P+!k~l}*0kp+kw" k}kb#$kt"*#*r7k}k~!@)<Cm,ky k{(mRm*9k~ls m^%k|k}%kp*kx-k{kzkz+kw,smk}k~lyk|kw' +
        '$k~"kyqE = loks+kyk{)k~q+ O k|#m6<m(otHm5k}mb,n&k|r1k} "lvkwk|s}mzk~# np 6Tkvk|#vwlf7mbljky!% ko$,kykq wOq' +
        'Dk}wNxLp+mJr7lwSlg!)%Alo*! of&))0/#lr#,vxq*,7o){cRyQCm;ml!kw0&kSGkykX@ kkk|k}+1kg*=kx#kL?kgC#kj2qGk~!Hld m' +
        '3k~$ k}mHk} !m<ls!mo0kp@kgHkV?k|ko5kykV.Akn!k|ku& ki<#kpkyks-s[%ks&m#&kn-ky&ko2k~kkpglrm#kt6ku$kuk|kv7knkv' +
        ';pkk~k} Qk~#md4 k}k~lu "kwonAmHkw"m2-;lhk}5!m#ks+kuDky-kqr k~m83k~kiku3kc=kq!kzky?kZIkSGk}k}ktsP!k|n!nnm0k' +
        'n}!+ky(kjk|:kr#w;m/m8<[kg& k{6kL06k^<kYNk{kj%kn,ku2ko7&#kiw % kzq?k~k~m)k}n=pGk~, oWm2n^q3k~k~m~s!rSoNk|*k' +
        'z"k~8ppCkx!{>PljNr0//lkn0,lfnc?n:52#k~k~z !{R%1(k{k|mmmB%x7k{"kx!yQ7P=80"- n,Nkoke,klOkokzk|kl$3k_2;kg1!kh' +
        'q/k}"4.k~!lhlclak|k~"kuk}(+mBk|m]!k~k}51} m!k}"mc!Aka=kjkzk{-.ksku4k_$6.kE%Ckq1rgmNkskrk~kw$k}8pQMk} k{0m/' +
        'k|9kdktCkt*k|k}(kvkd#?krpK$k~T"k}#k|!mDNk| m6ki7kp!%!ot!k{k~%kum,Bk|$kx m$P !lz k}k|m%"=kw*0$;%k_4kj,%!!ko' +
        'qPk~Jk~!lblm"kwkz"kv9)kMH kvk|k^5k~4)km%kgEkTGk} knkeBrkm.5la:k~kxkyk{,kq/%ktk|nqk}m&>*kYKkT#06kykU /*kt2k' +
        'dEkxkhkm(v:lf 8mY(n1$+k;;9kK* k}FkFJk}kd,kt(klIkmLkKk{Fkyknkalfklky*v>kx#kw/pD +0?!lz.+k}kxnBk~kv,kypIm$k{' +
        ' nSlaP!nZ8oN! mMk~myk~mFqYrOXk~m?m|kjk|/ko*k}+ku$oC9/mmkik{40ka:kwkzkx*)kj-.kxu~Cy]:{;A{M,nn%k|nM"kx$n|*v/' +
        ')mcDk~k{)k}m<Om/,yRT. o@kQky0Akpk}.kekrB&kj-kTBksk}8ks0kVpQ[k~/mukt&"k~k~k{mE!kyk}lolmD?ldn:4kgFkzknkm-4kz' +
        'kzkl7"#kfk{%*kmk}8r9mH)5"k~Lk^kdpuk{k}k~!mQk{Gkc$;ka$ko,;kyo}Z"k}k}"m lp k}k}mSkxo2F(kym"C%lw.EXCk|$ k{$k|' +
        'mN+"$kh:ECkwkykck|Ik~k~kyq2mbZkrkrkp4kl/*ki%kwk|2ku=kpr6%m+2Elf(kr&(ko))krn<nskQ>kbk{<kGkxliks%kR-kbF+kP7/' +
        '5k:I)kzktv 9"O=$lkmqleGkw7kckfEklkxD! kwkdkWlgkm1kp$&kV=ug/kxkx"k}+kukup=lek|$m:kv n?3kpkv;krkrov3Bk|!k|m$' +
        'kx k| n>.} lck}k|!]kwk~1!krk}+n>F2kw oF"k~k~m7 7 kxm{!mCk}p1mJ"kz)k}k|!r+lyQlh,k|#Emg/ktkh (5kykr0%kxo#Nn.' +
        '<!k[kw+>k_=&kF$:0kXkwk|-kt,07u/I!k~q(>o"lvTky s8!n=k~ldo%k~o1kuk{(kz(k}kx#nK#kr!mMk~mHv>n7kz} o!&m&B%.mnS#' +
        'm~"yQkl~oh 6kIWk~kPQklkoVkbkzkwk~kh%44kFPki.k~kXkzlbk|kQMk[p#H k|Kk~ky$mP%kw&!n6lx@k}lentHkpVkBkh-4ks:kR#k' +
        'sHkdk{k{ldk^ku2qI n&2kvkwlinqlk !m~&#"k{kwkVT"%k{kfk|oqnVj1""k}ky&#k~lolp#kzmd0k}knk}(%+krnelbk}mE!kymOm%k' +
        '~k~n2*!kj$8k{%5;kzkr&kwkx1pdms5kvlrkokpFkl#)kykp6klkl k|Ek~qQ lsH#mB&%ks/kykxk{m~< !nu70k}-ke)2kRmOj=U$kkk' +
        '4m kok{&kf;kK$Iu.k~Nm1# k}k}n5m?Kkrk~k]2k~kaZkV=kdkk:ktCk}kn,k^Oty.,ktkn&oylcmHk|#kzk~mTm,<kdkq*ksp&)k~k}k' +
        '~m*&!kj *k~k|)kun<E:" l~ku (n*ljkv1kd7"km(krk~3o0kz0k~kv(k~ky"mOk~#kw&"knms#ltM+p)m^kuksk~6!kqk{$$!kp,!qvE' +
        'UQk{lh2k|#k}F!my1km5kg&2kqkz5kt-kqkrnik~40: k|#mTm5G!kukm8kxkkk~;kb&k|k_Ikpkv;tRV@kh1$kb7kxq)&* kzk{pPkwk}' +
        'k})kt-k{"kx!r0Rk~H n>oBF!kznKls$kp)kyky/ky(krmdlok{$m5kzk~mQ$ky$k|v3nH k}ky!&ks%m!q~n3ngPlp-*yR3qQ"k]kjk{)' +
        '.kn<1kU&@k~"kUk=m$k}nXYl~m?$m(&k~k|[k~*F k}mJz:Ayg&Dk{k[:"ka&kfEkx%kWUkQkuNkMWkM.6pd"k}n?F$k{kW#6(Sk?!o4le' +
        'n=+(=#kSk{Fkwkk#o3lzk}k~k}k|&lfk~k~l|k{ mqk~(-kz,kn8kj$+"kon4lyk}k|#mE k}k~)m<!@5k|!L!$ky)k~k{nLDke7(CkhRk' +
        'T(kukyGk^<k|kp9kVBklob Mog&kHD,"kOkoQ2kDXk^ky8kMl_kY#1(+kek|kpkzkmk~2q8kxkz(k}yg@z5b)k|k~lkk~1Ck{ !mTk|*#k' +
        '}kwmby_<z:bouNkrkpBkGkv[kuko9kPldkhkVk~/)+kv!k_sMmMQ lborNWkekVOkj87k~+k?#kcBkZP;k<lbk}kM-lkjvE1kl2&k|kyk[' +
        'k}kelekPGtT0 krkqo[lc#mbk~kzk|%m3mC$kx"kw/n<6 E%lf k{.?lh k^5"n*lik})m &k}ky!!o>kU+o#"$mSm]"mP(kr1kykr$0os' +
        '$k}mxk|Nk:+"#ko"1kj3kok~qcm%k{R!#lmNk{nRkf-(k}&ksnGS!k~"od0kyk^JksGkmkfkw)ku7kT# *AsKz$;{6nkxku.kp1$kek}:p' +
        ';lnkiCkf#kvk}nsk{mbkr%!,k{kqk{&q~1lr"k~k|!k|n)k~l{k{o.#oGks-k|,k{k}kr$)!kn3ks$kxn=$0l}m<Gkpk|#%k{v)nJ+k}$k' +
        'w#! ktlwJk~zsck~{hi u<p<pA*F6yX/kjkw4kwkn6!!z:Ey[lmF! ksm:k~k}mDlnq+$GkR.3kzki:.kikr#kwPkzkpjzm9kgAkp$kJ+B' +
        'kmp$o/kz*ko, kok{"nB m+o#Ckd3),n5k}m%ky&k|Z Fo(#kc3m}lkkw""[lokv !m=Q] k}o60kN#J]&kT;kX+kxm9jd=kg3kv2nxJoi' +
        'khlfkpIk^k|&$1kl1kt7 jcmCkukpm<jc?ot(k{ Nk~?n(!#!kxBkh#kxmL @k}q2kX+kwk~NkW6kxkx2kV@kpkg!lc$k{k81mYjhr<k{"' +
        'l~k}FSlb k|qX)<kJ1UkbkS$k}kwlck|kIR8k<kxllkB9klkq7kWAmRk;jkU5k_NkvkusW ,*kp5Xk+o=Xk{m}kn/ktn|ko)kn"0 k}kzk' +
        'k+!nh lhk~m=kx(kuk~%!mb :k|AHm8mem5/"pOkz"kykzm^k~k~lrk}m+-ko*!!kxk}#!o[%n!kq8klkSlf#kn$k{."ygg{"M VljSn9k' +
        '~kv%k|kj-kw.&Ame*q!:kt5kPkdlik3N!"m(k0ke<k=QktkUm3kSkukUKkJ+rwmIky4kf&)kk.p*m/ knn;3mlEkt)k[$3&ktkukm%k{@q' +
        'bAM-kv*#ky$ks"k~)kxn;kzk{lp/km/kvkz/kjoBk|#mgmW&k{&ky#n5kr4ktm*!m/lh .ke5kn"kv*ujkzk{%!k~k{ng#k|kq( &kd2l_' +
        '#k~! H"nCY !nH"$ky)kzn*k~{{T*#yR7r#(k| 2kxkm+#ks8pkkw%m&&k}k} losM)kj3kg.kj*2 +kj&kc ?kcoV oXkr&k~"ky7k_Ak' +
        'Z8kokxo)oi("kqk~k~kv/kosT%nFMlsk~lmljlv!o{ktYkTkQHk[(&lik}kw)kpkukrkekxQnS qFKk^,"0knkb-kwkxIk^ knouS1nPkq' +
        'k} .km4ktm;s.kVkl=khksAk8lukE>"krktF-kT%kwqAKlqk~4JsB-Dkb,kK-Jk}k^krDk}kpFkB%H0kSk|-s7+0kzkd>kt0kyke9kxkgB' +
        'kmnM8nN.kyk~o>kjkz*k~kbk}:! o&!mMko1kpk~)$ktk~nT mA0kzkw$6kp!ko)"kymQmgBkf ksk|kr5!kknf$!{/UzpRm#k}%ks+k~m' +
        'F n@llj{.kxoW!!nGke8ko.kIqjkz (Wk~k{my!Nk}nVk~(kl)$kw. kkmfler4ktkCkslgkp$k[Cknk_kxL!%#kVqok}"ma:ktk~kxk}k' +
        '|& "#o]mKkt$"k{$#kh+k|n3ljmM& kr"&7ktkfl_kN4kgkt,k}-!k@JqOHk~ldk| k{km1k~"o)k})&#&koky!n5lt%kt,mZ3m_k~)kn2' +
        'kg9kzkv(k~k~#kl"n:$lxk}k~m$m3@k_$"k}=ko9klkb5#kwks%;u"nkk{ Xk}k} M#k}k|m$>!ma !kv(kynYkw) m|k}"o:q^pJmQ$-y' +
        'Xv&kvkp7klkzky!@kZ;m>mVmUk~mvmArJ!;k{ke7kq"# kh?)kh(keo/k}on)$0kvkn,kwmEHk|!lik~p)$"kmk~!+mWm.)ky# !ky!kzN' +
        'lxo/"n=(kq!k|mD"T]Jllp?kw,Lkj k{kzk}=m|rVkNk{lskQkf;kT6kJY.nbOVk~n5%ktt@,klLklEkwkM<#ko)<k|k^?kW=k^pW"nPtA' +
        'k_ki5k_U5ka,kbkr@kZko7K&kykpkq6#l|j}k?5kpkWKs:$kc-ky.mslw#mu,o k~&%k|m]mRm[kek}k}*n7!mhkx!kaook[(,kukynT k' +
        '}mh"m>k~lg!mykskukiB%kvkzIkLk|oB# nhktkkA kaJkik}k~)kg=ku"ktEktkdpwm5 k}mDk{Mn2P/kx!kt"m*3--*Mryku&k}kR$4k' +
        'iOkl(3k:L5kxrpkZ?kf"/kcl_kakqp}/kq$k~$kjRkRpjke2$ki4kq1%kz"kokx)-pvCk~ljk} m_Nk{m,o$k}"k}mUn%kw#&ku$#kzk}n' +
        '&k~%lz"k~k|no($3k}kd8),kQ5tQ& ky!k~n_"k~Q%NmA)m6A m]!lu!&k|n nW Vl~ pe!k|p|mD/yY5k{kzky#)% k{n@mr} #k|m+n+' +
        'rw-k}kx-ktktJkz)=k?kx rI?k~5kh2kzk|n0pMkq0ki7k{nOk}k|!m> oEkvn7k|!mFkw$k}%k|m-Ilik}ptkp&knkwMkykskz3Ikh;kb' +
        '>km*ko:mEr4%*E4kS(@ktkm!4kh<k~k}kn2kl)1n+! oCk|)k|uWk{kF9=kzkcDkqkvkh/"kgDoLk}lyA u_l_(kJ5kmRkfkm=ku@kkkuk' +
        'sSk>jVmakpk~r9-$kvmulhmz)n}Bkwkz!njmh)ku$!kz m=@Jmqkx$$kyoMkykt0ks7kf4o~k|#k|ky#m9k~nj#3ko2 kyk]Lnio"4kz,k' +
        'Z4kp+kzkv#+k2[9&p-!XZl_p%} "kyk}ufFkZkQla kek}2k}krkUYkW&rwkq!ki%2kokpk}kt&ns!mzkv+ !ktpe6ktk|kNVMk77kxk|k' +
        'pFkvkh"Bp!!>m9k}(k}( kt kx.kvmQR#mMkd-$kl:ku!k|mcm(k}#*k|#kq!&oQ$ky$*n!k|ky*ly!!kwoOkuk{Sk?XkZkq)6ktIk?t<#' +
        'ob! !lzMk}#mW*kpm]lz)k~%n.kr/k{ku#k|&nGW X>k~SkwpH"kypW50ypM{}+yYC%k{k{$m0JSm{!m$uK2.kokz4kqk}k|,k}k|ku4rD' +
        'k|)k}mppb7lgm=>u rck]8k_lfkh(,k}m-s2k{*ko >ki"kz+kq3!kim}oa"ko+"kpulkz!?2klk_+>k~kik{kmJkhn|>mSvFknkoBk_=k' +
        'e,-kxk|koky4qa+&!ku-kc5+"kf pUoA&kt&k~lgJ o4#!mtk}n#k} %oPkq2kzn(mn kw%k~m4o,Xk5;kv%(k|nX oA&kv3(kzk~kk&ox' +
        'Yla k|Zp<kuk~lv-ls t2/kn@ kW%Dk|ksq|<k~#kjn=n2(kr%kumNk{oM4kp%/kY+&0" ktku%"%o~!Fm%o^kl".kvk{nqks)kzm:k}n8' +
        'k~#ky*k}n"m"p?6k?[k{krkWOkV6ku6kzks9kjs?nU !KY"$kv%k{lo *Rm^("k{ku,kjnU8kuk|%kxn<kt/n0#lbkq[m.p5."!ki)ppk{' +
        'n!/yY[kt!1pvv!kq0kt!(r?k}k}k|r[kykylyn%Qock}"kzmznJm6qckx$?kdm,!s7k{.(0ku%$kp+mZ oek|v34ko>kylbkEkX9kx0n$l' +
        'uLNvY9km kz)&#jlm1kt(kk9!qLkw/kwk~(k~(kklx1o7!oD&ku!pOk{*men2kv%k{kz%lens"kykz2mm"mtm-oU%kpkx5kQnkk{!#k|ky' +
        '#o_0(kpkz1kg2ks4k{kr$/kl*koo!mv)m: k}k~#obk|kv(k}k~k},ktJAm-t|kWky>kt";kkkkAkanFoh1ka?kskd0k~."p kz.ks$m4o' +
        'q)!!kn6k|kf,o>k}TmL"k~k{"mtmh!k|!neky#"kyoMk}&k| k}n!m/kzk}pdUk"lpkR;kekJm+kmkn5kikyrq} k{k}nT&>li!mGSm8m5' +
        'mDn5k}pbk|k~"p?#oYlg/k} k}m(-yc3sP9r#k~rYwRs"lss_k},(ks k{n)o2lmutkx7kwk|*kk mw9Wx+!kr(ks7k}qA !kyp0k}o?8l' +
        'yoN!kyoz!k{ oamgmz k}m) ouk{"ks$k}n/o| )k{&kp&nXmx!mAk~of![vNkWD"kxkf*k~klrBk|%kmpWLleoA1krk~o2m|oc*"k}kzk' +
        'um0mN#oGk{$o0 Dpwku,,1kzk}#kg!k|r6!ky$nxkyk|!"limD"&lolw!k|!$m,mI k}kpm<m.mzle"llk~k~mBk~TkHkwpB,"p1U7yYfy' +
        'jtr2 "tT{}kz"wtG$k~k~tL/q%k|w5kwk|kxzSf#)kq"kw"qC&lnlmn?!oP-9mkk~nB!ouoam^n"k}q* kx$ky)r#!,ko o(i"oP"k~qww' +
        '>ks-kj/ 2qY*(kk$oqk~kv(q8;k{kp1ks kv3pb!p"ku5knku.kynIkym#nF o3k|r,ko.kc$4 kx,kj+,kr1qInAOljk|Zm@?m(ky"m%m' +
        'N#n6"n^nDk~kn$pakU1kw!o3$k{Ay_^v9/k~k}(r rU"Zm>q(w]!tak{$q!ldvNzT+kq!q3ozocpD"s_#!k~pMOoekv*mi {OWz}hk~%n3' +
        'm{q/mQu|k}8kh,$k{"qa o]lylap)k{ky)ko,pUk}p-kw#k|tu7rFkjkyq9o]pEmSk~lzmH$&k}q3kyrg]SljP#k}yYj yk2k~!rKu=opw' +
        ']!tbk~m>ocw?)kun xmq#mQr(k}pFoyxNr8k|o={4v6klq_k~k~k}oX!ltpj"%pGp("k}n=lsqbro$!$k}kykxpjoe kxn6m-k}n[nWk}k' +
        '|k}mVmJk|nEkwp;$.kunNluJlf* yYok~yk9!k~yxDrNk}p-sNthzE[lzzT>&tkosmmnMk}u,sJk~wLk~oq{>7k|mRp5pG p+!n7q<t=- ' +
        't, mJk}mqnSnkkwmJlko<kg-k|pI#olXk}Jyk=y~uwWtf(k~puwQzbyzsKpKk~!r&"k}u3x&&qGu>{R$k~v^k|#tEnrnVni k{mA k|p4"' +
        'k~p@n"lxykBqoz5=zTKzgB ot{!$X{:m"Ittk~#{*n{HHxxsGsw%k{mGmqqDn,VnrpK mG mOm5kzz"~zEizTPzx !{:rp6{L_tcsNk}w.' +
        'nVp)lpv2zTQzk;{D7{]vu7s6"z~){D9tOt]sU k}{u0 rz{F9{]~{yezYI{oKn0t+"zx&|!*5}(+}(cP}(yQG)li;t"45o[lbQlpyqSrqr' +
        'T|!H@z!fm:m 1z5EmszdynM{O_{e/| !oqu|!M> jz j>yS6|!JZ} n_|(e4!|!22|!K:}s.}v| ,=}#kk5}><kd}8|!"@kN |!OX|0Owy' +
        'Qm|0O3y[}y6V{~-yZ^{~.|4%,~ I|(g"!iXkz|!P_|! &+|!L8 f-#!} !! (& (!"!!(%!(#! !& &$~ #| &~kJ+kxAhqk!lvoLk^yQS' +
        ':v!o2m-yPv$[liykH|(Tkyz}tFyP~u^b@@m*O&k~soosm5lpuLq8It$qDz7:zGL9lkzYbyQB+msks-kwk{k|tun{Pva qI8rK"mSIYk~pB' +
        'mA!oTr9ljzHRA-k{k{zZu!nCzpM{$K{cOySi*4kF?kZ/kv15kd"=kpkpko>s<m&ku&m[mAk|Nl_mBsyk}lrk{*q^lgk{)ku"kx(q,n(0lz' +
        'k} "opm[/mC8l}m%k~kzs*!%k|$k{kv&ky+uqk~o^kzk~"k~$k|kvzHUN,*krkz*kv wRqBly nBpModw"{!%tj##k|!vWtt{R.k} "kx{' +
        'cS!k{"yTSkdGkf*1kWIkj-ka7kR%,Br&Jm(!"mQ l~l}/< mh&krJkpkQ")krE2kqkfk{CsDkxk}m #&k|!&pgZm+kq(kvkv4kmk~8kyqB' +
        '#m[!m(!kx"k})kwk{-!oXJ#mBk}"k{$m=8l~k}m k~k~=kz%$km"k~7kt(#$ksr?ll)! $krki*k~ku1&kn%kt!sbn!#k~k~"o^!2k{kvk' +
        '{5ko-kpxVll m"kn#9&#kak}kyQkP:.&kG-kq63vq%q>m k}%"kzkx+n9!k{ k}pYk~l~ nUsY{#Qm%#kv!*qIk~ku)"!kvkx {F^u6kun' +
        'I!#kx)kx{cckw&k}yQDotkc)kw"&knk}5kzkrkRlnkPPk](kv8,kw*ksko3kS"r)>!m<k| 3kjmPlq Qly!n]kw!0kp%kb/#kf&(kqGkak' +
        'qk~XkH#k|s0!m;"kzk}%k~%*kt%kw km%5p@Ym5$5k~kc:ktkt%&3kX,"(kk3pL"N!mv"m,kuk{5kykx#kr#*kt(k|ku(1kykup!k|$nzk' +
        'y} PNk{k~m%&lkkxkr9kVIkS-<kf#.kukj">kdk}kzk|3qMIm5&=klkk,4kc$k{,km&(s!m03lqkr(.kukr((!kwkw4k~nO4m@kfB#kc$=' +
        'kmk}ko9k~kmEkq(kiky#kv ;uxl~k}m$lbm;l|k~"kjkZ>kVZkM9kqkw)"G$k^+kTkS3kbm"kam5jxkykhllkS:kgvL#kl.krk}-$kk8kh' +
        'q<m1kt-kp3ku!%kq$n<k|,kxk{k},kpoM+lz k}lq,o#lgk}k~$nn#k|!k~k|oXk|mKmz"mEp+mMt{l}?kt5k|kwp#mE@kjknk}":kq&.k' +
        'a<kykskx(9ka?krkkvWk~k} {F;uckx(ky)k~!nD!kz#k|{cl#k~k})yUpkw.k]7!ku3(k|kakwHkk/kc%kxSrQ$m<!m@lb;k~"k~o/kf,' +
        'kwJks{,JyePkvHk^/ kWkMloke<k1m1kOtFkh $kg+%k}kx#kv*,ktkzon9limSk|02kpkk="k~kykm.$kc.*!kj>kukxpnmkmI(ks+ks0' +
        '"k{knk}",k| kzkxk}(19nlH} k|#mQksk}kx(!m&GHPmx!;>kkkf.ks!2kpks!=kB@4.(q) mQlak}ki9ktkg.6k|kkk}*3 ke;kektrJ' +
        '!m,5m<kj1"kf*k{1kw/kb7$ktnJ mxQkSkqBk]l_k^kgkv.FkxkzkS8kelgk~kwktk]kv59)k?lmkGGk]kaXkt?kL kxGk_uBl}!R@!(lc' +
        ' nr,kxkq="kPkwkMl|kN5Ak^kvkn=Ek<7?kI,QkD9,kY:kf&v0kg?krk~kp3 kspI( B#"kzm :#"ks+k{k|miljku%k|ksk|k~k~WkQ(k' +
        'v$"kq3o.!lc9 m#"n8lnlgkz} $kl#k~nV >+ kr+k~k~kzky0oD!k~kyk~mVkw!&kwmyk}lvO p*k} %} mG$kxrPYk{Qll& $Cmhkn9k' +
        'pkvky.kt>ku"km+ks%(/kfo?Bm8lhEkz.k_8kRm*k.kj>kwkt1"7knkzkykykyk{:kxkyuqk|(kvq"-9"k~oyQ"uPrlk}-kqn|kI!6kokx' +
        ')#k|nwk~xRkz!!kv#yVekf!,/.kjkWk~lb#ktkG @$#&.ky!kZoYZk~Wky "%mXkxkw, ku-m0ldmUp9k9UkzkR,kpVkd$#kbFkskk9kpk' +
        '{ kgNkt(qK n3m+j~k|kg,kvk~k{k})()kh(oZ]n8k|7 kfky(kr45oF[%k~lzlvk}m^3kn"%)kxo=k~mE%k{!mLk|Wnak|-kWm%kekw2k' +
        'n<ke2%k{ko5kqp<Mms>likS8 kp-mhj.2k~kqkl8krDk{$kQ:kkGkvkf?kh(qWk{mEk| k}mM5kg*n* nwkzOkh (0#kD;kj9ku!!?kuko' +
        'khkt!2!%?klkjkztM"k}#"Y{$CzG m"k}#kzk~$laodkh 2jrlwQkC*+!Bk{m&jk&kU)kxWkV,kbC6jrYCkr!#jmm2kw!kw;u1kvk},km{' +
        ' lzUuktkz,!kskxkw} 3ks3opVk~k~mOkyky*kwk|(%n;%,kpkeKk{%krku)kx)k|k| 0na 5 LZ#lt1ky)k{k~kv#n9lblwk}kt"k~1km' +
        '## ($ng)ku3kykx%k|ku(*kv&o0&ks-kvk~k~ma ks.k~k|kq!k~mp"k{% k}k|ltXks/kq*kx!#kz)p"-kx!k{$kwm_k~ksk|*k}k|,kr' +
        'k|k|rI$k|!k|k}[k{Qk~k}lyHkzn*kw&k{,ky$nlNkunyky7kRXkQQkh!kdku%@,kJ/k[T1kF.k{7kwky>k}&&kH.?kYAtLk~ls%kmkv#-' +
        'kh0kn$/kj@ks(%km"ku/kr#pb I( k{.kp.ko4kzku(pGr.0DIk~n<!l_!k~o(!o8kv-k|k{)kwkynI*kx )k{%kr"k{$(m1k} mK-kwxS' +
        '"m!q~qQlsyR4qFkykvk|!krkw25kS$ks:kn8k0P:*!kw kakyN$kckyp0mb!k~!m-k|l}m4q. kC1"kckuG1kQk~kzBkrkDFSkhkj/kd.$' +
        '+prk|n^9kK4ke8,kl0+ko3kgkYXkfkt/kr&ktMkm4kT:+kdkw&=kvognokwk|2kvkWk|Xkb/%&kf1krkk:ktkq7kllik-/kk3Dkxk[*$kk' +
        ':o"k{lvk~m_n.kl2k|%kk<kd9k~kiAka1k{/n{kumB"$kx mH!m(kz)nT%kuXkq*9 kz5kt#kjkhJkY3kt#*krrmSEkwkzlck_/koky4kb' +
        'k_8)k[ldkCGkNldkKHjrm)kV-k{0k{kbq8m?m^k{kyk}"%m}op.),kN lck|mriNT)k|kIk~lakZkg;kikn&XkSkp-=kzkt5kh;kQ"6kzk' +
        '}krsVk|# l|k}k} k}mepGkj)k~n*iol_kxkRlbk[LkE8k~kvkgGkv k}9kSkrP"kG;kl-ky&Bk_JkWku6kUu#3ki@kZ8kc4kn=kk"&-kl' +
        'kwk}5kv,p k| "mekyko*&kqk}kv0/m/m3!k|/k|k{*kxky!"-k~kh4okk~m0#k|k{ $k~n(kylmm+kuk}# !k~*kg6kyn~*kv#k|!kW?+' +
        'o "! kx(kul}lbk}k} m^$k{ml2klkp+kq!/kd2kr4ky!!"%ka)p!#k}-mW(kzk}#+kfk|8%kv +kpklr4R& k}O !" ku(kylyk~k|Lk{' +
        '$n9-ks!2kq-kq"ks2ku$nXGkz&kyk}leo)3$kdklkxQkM;kq4#kY?5kQ%)1k}/k_krG*kV/9kLGk_GkEDs]k|m.kw+k~#ktku8kpky$4kg' +
        '& &ky pEW,3ky(kokv0k}kx/kq!k{-(k^&kzn^lw"k{l~kv$kqqr!A @HnAk}k}lf%kv%!o#%k~k~kz) oPkf%+ko5n7kz%#k} k_7 k|m' +
        '2!!kx!m](k|!$kk5kp ,kp%us,!n^kpk}%k}lsmrmanJmyyX(kyk~*kl8k^)!/kHTkuko$nAm:oKk~mX"q?7k|(kGn7j6kpkt&FkIBkn2k' +
        'V/:kV6,klp/o*.ka$)k{$kJlvkZkvk~8,kvkw+k~ktk~/o3o[kd+kXHk{kWNkSI&kh9jdlp%-kk(>kO!/0kr#*oZkbk})k|kx#laDnr,Hk' +
        'S*ksku<k|&k[&8kjksHkhkv0kn#ku#*$njk|o#lqk~%o+ko36kkkulsk[8,knko>kd#!k@le5$krkn$&oLoW=k~>7"&kQnCj/kT66k]="m' +
        '1jWk]?k~kg4kzkn$$k~k|Hkf!ohU"kykw,k|G1 0B!mqko/$kp(kp(mTqbkDQkUlqk?k}&>kDAkskx2=k|kbkmFkB]m-i{m!k[kTlqkckU' +
        'Mk~kkCk~-k4ky5 (.kZUkK5L0j}rm!#k|l{"!k{HS! l_q lm kUJlbk1 (=kF4!<6k%78kt1kikEKP*ks$kMkvX1kykKkh.C2k?ltkk3k' +
        '[DkV4kL Dsek}1kIS"kq!k|0kl)2k_o=/N k|k~%mLkxEkq/!ks+kzkxk|2kTo/k}#kzkj#&,#krk~ky,kv2n2Tlck|m@kr&$kv!$krn&k' +
        '|lkm1 k|)kw$#k| mW.m9# kv1#kx#!kxk~ku#n}k~k~k}mW(kx)kwmZlpk}m+kp)##!kq8klolk{*kxm~7ksko"1"kd>kn/kf!5kg.knq' +
        'E F ]k} Vm?k} mukSm4&(k|kwku0klms()} +X !Vn/mYJJjxHJkRk|8ky:k3!CkwkYlekY(krGkaki"(?kQlc%kLSktk9QkaEkJ*9Ik-' +
        'I!kSWkY+Yk=Csy*#kl0kv0kr.kp0k|km1khp(.k~m*=kak~(k}kw%kz%ktlrkEn5"k~lik| m8k~kk@kf7 kk -ku)kx!"qgBk~Z#kq)k{' +
        'n8k{)lrkzkyky/%kr%#kn/kmo7("k~kl(kv0kq .kt%kz(ktoQ&kzn@FkUkzk|,kp!%k~&k}k}m""kz"k}mh);k[7,khk|ks2klk})k}Ck' +
        'X:(ktk}km1uJ2k~#nbkv* kyk|le%kzNk~mA#k}m_milew(qjyR8 Rq]!&kg6%ki4kykm1kxkv:k}kl!o,mjk}" u,8kp#kzk~3kb4koEk' +
        'S3k8le%-kskqJkX,khoaoL5k{kjk}k{Fkekx/k{,kukaF.mPp~k|&knk}kx#kz/)kr+kp)*ki!7kkkToS! li4oKkqkf;-kykq*k~kzmSm' +
        '#k~k{"k}m?&ky$k{m>m4k}oWlu k_:kpk{k{8kh@kW7nI{TEz,r!k~pRLkyE!kv7#/0kYku"Ak}kj kh:*kw9kskykX0Fkd!kckYT3krkl' +
        'opCldmz%)kzkzk~/kzkcmor?kxkV64/kK%EkL)5!AkK kkWkD*HjfmMk9UkTOkRRkakhSkUkn0kkEkr!k_@kZlok>qak~k}k~%kxl}|(Tl' +
        'zH8 k|k} s@[kqkDQk]ks ,1(-,kj#kZKkmkx=kVIkb,$9k{k>kxk{k~7k|>ks=kykJ7ktsA-k}1k|k_<$0%kqkvk_6kj(Eknkp"kp)-n_' +
        'lak~$k~k}mu%kxk~%*k~nf% &k~%kh/ k}ks#&&mR>k~k~@m k}zADzez@ksks&k}k|k~8kjkzkv((mc<Hm=* kq##/k}kl$4m8mn3kykz' +
        'kt1ko ;kaku@kf6kdnl%kzk{m^& kx$k}-kp(ktmXk~k{lpm@k})&kt)kr.k}k~kp7k}klo]!kznBk}ky-kq%kt4kl(kx0(kokx5q0k}k{' +
        ' #Zk~!T lhoPk{7kd-kq&0z:h{&i8kp(kR=n$Lkzk{!"sIj&7@"6k}kUkkknlik_kF=PkZk~;k~kimqj0kV"kylikFUk73kck-m7kc3kjR' +
        '1kF5k}%=lykFk*,knk|U6kCkfUks:kasXkxkr5kmkY?l{k(6kzkwkt7kwq%kt! 0k|k~kq#m|6lg%k~k|k~!ky*mU0kxkak[X+!kp.k}kr' +
        '%pu/k~;k~!@k} ljmc Hkz! k}% k{!m"ko,$k|ka9kyk~$+kx)n}kx!k~$! ky)oTkl$$ksn<k|!!$k}kv"m$ nB*k[*LkJRkxEk(<k{G' +
        'k~kb1&(kDK/k>C/klBkY$kx*kYuRk|!k|nb k}%WL"kzk|mC# kymdk} melm"m}"k}$nck}mwp@"kypJmByXukm"1+kg/kr&kn9#k~ksk' +
        '|ncmo m-!lhmArvkmkv%ki3-kd2knkwCkfkzkys-kr4(kmkzk}kt7kn-*k|kg,%kr9kzm4m2p!2kvko5ko3k}(knk}kz1kqk~k{/kvm^m.' +
        '"mEo,k}k|)ks&ku3k~k~kuk}1kk%nB kymJkx%kv.kx#kx!m5k~Lljp&k{9=3!k] ?ky4ksk^Fk_*kSOkvktn<k}#qUB.!7!k{ *kwkplc' +
        'k$TkYk}kn(-koOk=Mk~km,2ngMnlk~k~m+k~>s,$3kTNkE:k{0kR(kt9ke<5kp0$kxkfPkd1kMUkck^7kvk|[k;kxRkrkoAp5"k}lv} C ' +
        'ZsoGk{2BkPlbkASkXlhkH -kpCkTkX=Ll_jaktlb3ko,kxk3<&Uk?kwkxlfkbk^lakdkm1ki9ra)kxkv$k|-kk+kz6mt/lgk}k}mw*#kzo' +
        '"1k}#k|kt&mW! m?3mKkq#)k{kx*mkn2kz)k|kk2kn/$o<kw*kxkzkSMkr&kz,ku!n^kq +k~k~k~#kp*k}mb?kek~kxk}mG" lema4km&' +
        'k~%kvk~/krkv3y^Ezud+k[oF#k|k}nV0+k_&7k~$kUQku!$ kb*kZFkb&(kzkwHp[m4 !kxliYk~o:k|k|#%k~k~mOr}-k|k};4kski!k|' +
        '.kz-,kZko7?kJ*4kfkqS$kL.%kxNk?>9kNWk|k})kRk_q$n;ko$lfkRkmko"kw!Hkh5k|(kW2kw"/kSHkv#-kc 1kkku6k_q;ko* (#ko.' +
        'ky$ktk{k~my#k}k~ln!k|n,kmkq&k|&pXK m1ky(n(m8kxk|.ko-kx#k~k~kx!#nw k|k~qmkx#!k|k}k|*k|kym#kw&kyo?k~kOEk]Fks' +
        '6kb9ks1kK>kgDlnj{ks3-kX+9khk{%-.kT)Bkskmj}xB"m"l|Ek|#$k|!kx)k|k}lrk~llm] lwk}&m[k~Gku!k~(kz*nSR#lz A k}pC ' +
        '"peyY0#MkE. kn(- kp-p2 m*k}u>ky*kh,)k~k|2!kekr*kn2kykq0nIpBkq4kn",k|kxk{m"qUkt)kyk~-kt*kv(%k}*ogo?k}(kr0kp' +
        '!+k{$kx#n4ks"k{z|8z"f""m-m.q.kwkuXk~kqkf2kw<k}kqkr8kvkkkVlpm?r:!F*kd2$krk{k~!7k{kFllkfnG#k~!W nmkzkx)$kr$u' +
        '6%1kK3=kYkr]k]klkuY!k_IkHk{Fkbkol|kEk[52knkn>kz4-kikfPk_klBoHlwk}k~#l~k~k~"u#kdl{)lbkIkzk{"kSklVkR]k^ku6kP' +
        '=k^k}&l_k~kGj~m%*2kiIk@Xk[66kK4kr1r0k|kk5koky/,kg(kx%k|)kq+,nN!n&ky,} k|k}%kxk~)o2! k{kzk{("ksk|mTk~m<mnkx' +
        'kz#k~&kv.krmF} k|n[!kyk~oRkm4k|$k|%kskz $n:&k~k{%kxzFmzqtm>!k~no4krkmBk_*1kjn{"#k~o9kc/k|ko*Bkvkk0kzk~k}kp' +
        'pHV#k|lck}k~!ky!mA"oIk{k~kv-kvk}mDY#k~k}k}"sr7kQkpIkdkz#2kj=ktk]PkL.#kgVkECkaks()6kUk~MkgJkt1kQkzAkU[ktk> ' +
        '(k~*?(0kX.6o@n^- 3m/jmkdk{&kv/kxkv-/k|kek}1k}2k|.kskm)kiLkykl$!nZmr&(kv,} kl0kzk|kzm_!k~lm"k{nLkvkq;k}" ke' +
        '<kf!$3kjkv"<ot/lelykyky/kq"*n!k{$kymJ"!k~*kf%kzkz(- klk}%kz)kz"n}kwks!%"kr okk|k~kw#n-k{k} (ks(lz #kv !k{o' +
        '^kr k{9kZ9Bkmkx1km%knCkPFkak}%8kf(ks7k})ki!kaLkdkmsgPk~"!n^k}QR"kyl{P#kylkk~lrk~)"k~kwkz,mPlykq7"! k}n0kp!' +
        '# kykz-!kr,ktnPYk~(k~k~lxk|D-k|kt0k~kzkwk{(pAk}"!kw0kxkx!-k|k~p0ls] yYMkv#"kvn6oemts,ko.$krk|*$kk9mlk~p_kt' +
        ',kukz(ky*rJ!!%krk~k|%2kq%k}n:pp$kwk}.kzk}k{k}*kz!$mz k})m?k}k~!k|m+m6q6+kmOkn2kz+km$kxkQu0k~kyk~kykskIZ88k' +
        'el}lok|Fo3ku!* #kmk}k~2lztRRkb>kHVkS?0)kdkukTRk_#!Ikykkk~$;kykvkYBkwk~kw kwnzk~!lt" =k~l_k~"v0>kUDkt2kyjqm' +
        '+kxk_Lk[m j|),kqk}EkokxkiGkaBka"k}qlk|k|kx>ki *)kuk|(km;kc*4 n+ n4k| $kx%k~o!;%ksk}",m/m:mvk}#,ku)kxk|k}mP' +
        'Km{"#kzk~& kq#k}oS,k{$ks$kw% +kq n-mg#k~m4!k|k{%o4$#kukw0kt.1kX6kwky/kl&n]!"kx oN/kukt3 krkz.kx$(kh#&kv&1k' +
        '~o,X k}Wla[k~lfoRkt(+k{ku$k{(k}$kolnm(} t@knFka%.kvkg%>kZAka-ku<kX=6kZ@&k^2kxLkWkvkv1&nb!k~oDks(k{k~kukx5!' +
        'k_.<ka+ ,kf0(k}knpF(*k| kx*kp&ky,k|krn;nX!0! kgWkMkz1kU6"&7ko,pG k}m*kx"k~"m>!W!mQ+ky($kp% #kn/mCm>kw&k|&k' +
        '}k|oO"!+m9Y! m!k| k{!pIkvki7kf)m0k;#k](knknlhkfk_k~k;lukZKkmkek}l_kKBkXJ0k{ktkikwk~kr+kvkz;sC1kpkz k{)ku(n' +
        'UKW&k}mNk}k|m (l_ky"n[kz(!m:lsk}kxk~,kr&k~k}n;%kt&[#k~k}]lp$!kt!k|&1k~k}ki;kg+pNkq)k}ku5kskz*km)%oxk} Gk~H' +
        ' D8KyYWk~k|!k{)p~v(kx kxk}k~kz#k|!rNk}kz"rTkw-kp)kzk~)k~lpm; pxm|k}ock|q^kq&Kkx$k~#kutRkyky(kx#m_k~VDncvD)' +
        'kjDkc6k{%k|kh,kz&kmEk{klkmGkskj&%n2lum vLkZlnk^/kx1kyk~kw4kj$%qN0kv*kq,kqpBkz o5;kxkd:"#ks*m%} k|m:n($ k}m' +
        '!lhn5ku&$k~k}k|kvlknn*$kx ku3ks$%mnk|m{k~kz!k{%m)! oQ*kb.k~k{3ke7kg/&kyk}kv$)ki ?kynGoR/%kp{iQz} kq?kv&kaC' +
        'kc+kz.kunvZk~k~m<k}Zp@)(k}kz!ktMm7k~!tjk|/8km+kj8kUIku#kV$-8kVk}k]W(ko&,#kcAk^%k|ksk|Bkw/n2oekk"8kjk{-k{&k' +
        'q;kyk~*kjkw5%ki!)kx$AkQp4k})!"1kd+m0!k~lg o8kyk}kzks%7kl""kq%kzk}6kv&oBA!k~k}Fk~m*m;nHk~%k|k{kzngk|oRkxn"m' +
        '&(kxk}%!k{"qVkaLk2kqkpUkY#:kP& /-Bk:>/k[k}k|k|B%#kek|$#9kK+rikx)ky!kqnb!k{m9k~kx$k{mF&kz!k~Xk~=ls"%k~k{k}n' +
        'K% k})k~k|k}#k~m-+k}m%kwky"!k~k}$! k}&n#lck~#kzlolu.kuk|+kz#k~ka<k}/p5.FkLkw !&kw5k| kzkx)k|{"p{w.olk~#C82' +
        'A#Ek~k~RloyYdk{ yjg#kz""k{svq o: oemt uO&. "kx%kzkj3tW$kxkz)!kxm^ljnj k|vxks#Dkdksk{ 0klkxmxm0lew)$ ks#/ky' +
        'kp kzKkSkz3qLk}ky*kyp*oO(kt,k|kw$&luk~oV(ktkv"#"lo7On?kwoR-& kt&!k~mck~mzpp-ko&k~.ko)!ky"+r$ks%-kt*k|kq/kv' +
        'k{oqk}lg mBok k}mTk~u;2ky"k~kp!(*k|kz,"kyk|kk$<lujok~&mrp/k~k{kx0k~kzky4kpko(kv:kj+k>S!Hkrksktp&kw#k|ky* k' +
        'wq6k|k{0k|$2kg-!krks2kn0kwku7!k|nsSDk~k~m,%k}k}ok%k}kvk~(&!ksk~&k{,kjn[} "q22 "m/k|!(kzqbkT%Ekc!kk>kf<ks(k' +
        'nkr1%kmDk^Akq#,kn!r% k}nKD"y~a{eXkx$lik~"mL!ky"kx%kw"R!k|!Bly} m+mNkzk}n>k{k}#kv-kxkz!k~n"<Lk{ D,5!k~mAk~k' +
        '|k{!ks";kb.kt#pPkvk{kz1ko.k|ku+kz!+kx!oAk}lvBk~6/%k~k~k~D)yYg opm%n%t8!kx "!r&"k}Wr#} s mto]r5tM)k|k{"!m;l' +
        '}k~nlw6kxkk$(kq4k|ks;kck}1mGlsm w:.kxku5ku} %km-kw.q7k}k|kz"mg k}k~k}r"kykq,lvoWox kyMo9k}%kzkz&mWm~ p~)k|' +
        'kr/mxk}p=k~"kw&kw+kw!ksnLk~Y"Qli m?onk}mTk|!uo%k{kk(&kqk|5%%k^&#kxkt?ku)kn#quky)kr 2"k~kzku,kv+kwookw k{*k' +
        'zk{$k{OOk~lcoikw!ku3"k}kv*k{kp0$nUTk~Dm1 !mjk}"k}n++kzkv$,ljmUk~k} "m%p=k~m6k|r*kh(kr8kuIkrk^-kMl_kc*:ktkq' +
        'kn*kq25pGm! nqlk! k{k}mR#k~G} mBk|#kym-k}k}"mOk~k{m( m8kz0kw&kv&k}&k{kzk}kwmullk~#k}Kmz ktk}%!k{.kc"5kok|,' +
        'ko,kxpN*)ky#kh/kw.$ kpkm) kzkx<km(&kl*%(k_o9k|O]Q3 ,)} ya@ub"k}r)r[r| o4 n: r1tak~k~k}n5ntkz w<k|kyk}1kwk|' +
        ' zT)kxky(k|k|1ku&kzk~&kzkw.q& mYn>k~oKqFk~4OnH! k}Eo@k}# k{$mNn$k} mOoak~!k|k}mpp>""k~oGlhm?oqk}Rm! vBkZ!k' +
        '|=kdku.$k{&kpqskv %k{"oZ"lvlaox*kr+kz!!%r:nA!k{n>k| k}"!o@m}k}m;k}k| rQ(kgEkn$ki7kz8kpkskg+kv0&(k{kg/kn2kt' +
        'k|0ki;ktq-!k~o] mO!le m&! k{m& mSk}+krk~(nH!k|kzk},kr$*ktma"k{lm!k~nek|kn.-kelkkD&kw1k|ktpGky+kxkt%kw+$ks(' +
        '.kl*kx(%ku$<kikl0 n[!k~lnk~"k~lmk}M$k}k~k{XyYmk~onk~wYky x[k~s #o/tMtazESky&kt(zT0 %k} k{ q,k|k~otpJobouol' +
        '#k}thk~mfpIk| "kz&n)m3m:p_wj2k{kx#kxk|.&krk~)kt&qYksk}$#kw/?o0k{$k|mTp0k~kJU pF#mbnHk}n;k|!q>k} m9s"k{kzkr' +
        '4k~ks)kp-kt4kppgk~k~oa$mJBmHm*k|kym^k}nL#)k}k}k~kx$mSlk! k}D8nBkqk~0kv$ kzk|pGk~%$%"$kn&k}kwky9kj kq<khk{?' +
        'kf:kdn1Blr"k~Nk|!7=7k~NyRpyk7k~%sCq/ s%k{o.z52k~%k{zE]k| noww} kzq  mOn?ohk|#k}pGlcs$mDn$ q;$k|!k~mak|pQn&' +
        'XrPmRvR k}kx%#qKk{k}#kzoYlqk~l_p4%k}#k~kypGp1k~%kwk}% n2!q:tF#ky #kwk}" k|t:mkmLk~m&mN&n]$ kw"kx!k~)k}mEll' +
        '20;k~nZ!kv$ktky.kzkzk|k}+kxpVkv,k{kp$,kt.*kok~k}?k^(nBZlhk}k~0IJ-yYpokyq1k~mPq0s({:fz#~sO! thk{m6odwS k|n#' +
        'xdk~p{ook~!t.osxfk~r(vbvW%kx"kt*"qG!k{$oPk}k~mPp?!k|k|n%n=p0n5k~rRsCkr(ky&uK [rO"n.} o?%kwky"k}*#kr!p_k{kw' +
        'ks(-kk2kj-kw,k}kq*(k~kt$n>.B 36<k~k~-,Bk~k} ykDkyxRo,z5>ps wRzTL!k{"pvsU*t1ormDk~sQr%n[t$vaqJk~k}6u. tJ} k' +
        '|tdk~$sFk| rwm%k|#mE>rtm<mInu#k~k{k{!pSk{)k{"k~kz (kuk}&mcmCHN} ykEz5?mOzEk k}"zTOpwmIzk9 oots!mPpUk}"k}u,' +
        ' x6} tt !k~mIpJ tMk~k~{]mk~!!!suo6nVtJ%k~pO!"k~"k~mUlw4laQ"k~k~yl3zTSzx#{:s{J&n^t_sN#k}k~{oAqkk~k}#pPk~nL4' +
        'mazTUk|zyP{5mq)k~!uDniqd@{fjo5 l{mZlmn!! n%t2!o>z,TzEqzYH{5M{Lg{^"k} {oJk~n/t,zYJ{5L{D<{^#{u2r7zgF{oLqfpTz' +
        'TV {{5nCkHlrzm*{X%{<Lypbz&mzx]yvy|!,s2kp),kvkv/kskt2kp),kvkv/kskw2kp),kvkv/ksktk~= !k~|(g.|0]D{XH|0_#|2G.{' +
        '2cy1Fz_Dy[.|!]%|2cS|4^E{YU|19]{,+|2>ozlAz;-^j|2cD|4]i|0U |3gD|1%ZyUL|1XJyVM|3kJ|42Y|2+{|2gR|1XryVp|0WGz$w|' +
        '0WIkDzP8|0Y0yWhmI|!W"yY?{iw|!_j{/?|2dY|0Z<yZ5|2$UyZ?|0q(|1MM|0Uh|1Y1|0^/|2 D|18byxG{8l|0^T|2>>y[+%{w5y[B%!' +
        'y -y[L|2gGy[,Oooh<{.Rz@[|2/6z$Ly](;6m>j}l_E,zw%{2Wy_E{4l|3e]y_l|4b+yg*zP6|2FE|0i^|2GUya<1|0pizJP|12+z=Lz_*' +
        'z&ey%/|!e$|11IzXZy6iyax&|4THyb+ |1-imBzkGyb@|4aDybM+"z^X|3-"y(%z^Mybp#zI*yQZyn[_L|!j8|0oryc1|2GT|1rbycG|0r' +
        'DycfzThyfjz8TzL(ydd|3f@|0u-yg>ii5y?/|11p|0y%y"M|0td|4]{|1^)yg(yMpyd#z_nygiCm |16n|2HGy8a|2SNz9T|0~1yibz9p|' +
        '2!?z9E)yix!zn>ykd{gHycOtCknk}|4cW|![]|1#]yl[|2LBzIOwJylW|!^2|3iWynC|1)Wynb|1*9|2Q4yo&|2k%yo^lq|!YRyq)k{|1#' +
        'IyqDtEylX|5BU|2N^{[,|!Z6yqjz>}|!^DzNp|1/WytYyg4|10O{1xysZ|0te|3iZmp|14)ysl|14Hk4|3lmzL>|14wh>yt.|3nRyv(k5|' +
        '!^i|2d_yuP|!_-yuqza_yvP|3r>|1YUy!||17J|!_W|10wz!jy_5yx;z6=yxA|41?y)wyA.|0S=yy>z*g|1:Y|33U|0^Fyy]k&yN5yyp|1' +
        '=Uyy~z_"yz |1AF|3esyzVyBRy{6m)%mc|1E*lay|g(N|1F{y{mo*{,9|!c>|2bp|1KRo7{*~|!cGusz qzD7z!Z$|2T{|0sDybSyRnz"Y' +
        'ybU|12xz JnT|4NGz#%!|!dUz#)z=q{[vz#:|0RV|8 E|!jmyB"|1&3z#i|3]U|1UAz$)|1W*z$4{h!|3n}z$C{YQ|4_;z$zfXy!T|2|g|' +
        '1I+|3v$|1]U{UW|0T}|4_.z&Jz9%|15j|!fbx5|![tymI|1b1zody$ z([%/|2d7-|42(zbAyXpyu{z*k{/Mz*G|8 W|3p&z+*y[o|0a?z' +
        '+0yxq|2F~|1d#z+~|4d2|5,Jz+{|!f/|1g1ixz&<oFvKgZ|0Pgz.Z|12wz.l|1spz0I|2e8|!h]z2^k=|1(+x?z3YzR/|1t;{h{|2I=|3,' +
        '*z4N#{]z|!iOz2a|!i@z5_zPu|2f$kzz6:kgkq|1z[z6l|2cQyI(z7*y,5|14xz79"z%T|2%Ez7s|1~f z8A|1}o z8H|0wxz8f|2{Wz8r' +
        ' |1Ep|2 B|4RI|1~5|2~rzk%|1eb{m=z:G|2Qo|2e||!k]zBa|20qz;G)kz|2Ll|4r|z<fy7Rz=SzNg{Vcz=2|2%+|3lgz>2|2&XzBFJ|4' +
        'b,zA4j)|2+Fz?|k~y!&c,|2,Y|!lUz<9ph|4_Oy21z@Sm&|!lx|0X6{-DyW{zB_|2,x|1M}zCN|2.jzDJ|!mnz<>tX|4ts|!n*zEp|0i,z' +
        ')?zF*lb|1bJzOp|29L|0X!|185|!_gyct|2:qzG||2D{zGwl~|1WD|2b_|3f>zI;{)yzIZ|2AMy7.|2ANvr|2b{ks|2>p|!^hy <|0tG{r' +
        'P|1~h|1WJ{!fz=j|3kFmAlmzLekCo-mM|2d4|2I6|3o"{2H|3qoy[@zJ p2{/W|4bpzND|2BfzaL|2FGzpczNfyul|1z(zSA|!_2zRB|2B' +
        'gzPW|1*~|2HJy8d{[IzQE8y!CzQw|4tEy!0zRD|2K=zRz|2IBn-hwk4kAp<y[X|2KO kh|3J!zT8SIkWln) )y,ccAzX1ka|2N]zVb:yuc' +
        'zW"Dy{M|2Q6zW({Yu|2OJzVc|2Su|2f#kzzX7|4e zUNo_{]?zY6yqZ{]@zYE{YR|3)%zYO2|2d)z?6zYx!y$6|1z z=>zQ>u*mo |2_H|' +
        '4XXyBd|4X1z]5%mhkX|0qe|3c/z^|mE|2M"|11H|2f z7~|!^F|2dnkSm3z_L>z?~|2f"za2|0^fy%]zaU|1dtzaY|4liza@jxmW{.>zag' +
        '|!_Uzao{[JzC5za}yCn|2g-|2KX|2fx|4d#ywi|4e<|163zbg|18gzcOkXU|4m2|1:ryy@|4lc{Z:zd2k|=&|2tyy&-|2n0zduhboN6lqJ' +
        'Ek}@&|3Opzgc{)@|!bg|3_%k|zgt#25|3r<{0/|2x!nI|1EMzi7(:z3z|2|5zis|2!czjn|4] #|11!zkU5|1&q|2emz?CzmX8,{d|zn}|' +
        '3(^zn#m!jV|4%1{Oc{;^|4bz|3F8|1[gzoy{= z?}zos|3/Pzp2|44Vzo-m2zN?|3vSy%-zp[|4s>zpk';
    // KS X 1001 and the extension of windows-949.
    tables['euc-kr'] =
        '|%3[ ! $}")% !} !}$"#} ~ &}!" !} !}(!!}#!~ &} !} !}1" ! "!}""$ $} !} !}$"#}##! "}$"#} ! !} !} !}%!!}%" ! "' +
        '!! #!"}"" !} !!}""!!}#!} !} !}%! "}#~ &" !} !}$"!!}#!} !} ~ &!}%!!}%" ! $}!#!"}"" !} !})"}#!}0!}%" !} !}$"' +
        '!}%!} !} !}1" ! #}#"!!}#!}%~ &}2" ! "! ~ &}!"!"} !#!} !!}""#} ! " !} !}$"#}#"}#!}M#!} !}$"#}#" !})! !!}#!}' +
        ' !} !}&~ & "}!! !}1~ &}&" !!!}$"!#}!"}#!})"}#"}1!}#!} !} !}$"} !}#!}9" !} !}##!"}"!}$!}"~ &}$"}#" !} !}$" ' +
        '~ &!}$!} !} !}$"}(!}9" !!!!}!#!!} !}<" !} !}$"!!}##! $}""%!# !} !}$"#}#"~ & !} !}$!}!!})~ &}6""} !"}!"#}"#' +
        ' !} !}$"#}#" !} !}$" " !} !} !}5" !} !!}""!!}!#} !} !})!}.~ &}2!} !} !~ &}$"!}%" !} !}%!!!}#" ! "}$"!!}#!}' +
        '1!}$!}9!} !} !}$"}("}#!}$"} !}"~ & " !} #}""!"} !!} !} !} ~ &}/" !} !!}""!!}!!#! %} #%} # !} !}$"#}#!}U#! ' +
        '""}!"!!! !" !} !}$"#}#!~ &} !} !})"}#!} !~ &}5" ! "!!} "!!!! !} !} !}1!}1!}$!} !} !}$"!}%!}9" !} !}$"!!~ &' +
        '}#!}1! ~ &}#!}2!}#!} !} !}%!!!}#!} !} !}$!}!!}#" ! "!}""!!}#!}9" ! "}$"$}"" !} !}$"#~ &}"# !} !}$"#}&~ &}T' +
        '" !} !"}!"#}"# !} !}$"#}#!}1!}A" !} !}"~ &}%!}#!}$!}#~ &},!}9!} !}Q" !} !}#"}!!}@!}&~ &}1!} !} ! ~ &}#"} !' +
        '}@" ! "}$"!}%!} !} !}$"}(!} !} !}$"!!}#" !} !}$"$} $ !} !}$"#}#" !}&~ &}#!!}2~ &}-" !} !}$"#}"# !} !}$"!!}' +
        '#" !} !}$"#}#!} !}*!!}%" !} !}$"!!}#!} !}.!}0~ &}&!}$!} !} !}"~ &} "!!}#!} !} !}%!!!}#" !} !}$"!!}#!}1!}$!' +
        '}9" !} !}$! !!}#" !} !}$"!!}#" !} !~ &}$"!" "}.~ &}," !} !}$"!!}#" !%}""!" !# !} !}$"$}""}#!}*!}@" !} !!}"' +
        '"!"}!# !} !}$"#}#~ &" !} !}(#!}!!}#~ &}4""} !!}""!!}#!} !}-"}@!} !} !}%!!!}#!} !} !}%!!}%#! $}""!!} !" ~ &' +
        ' !} !}%!!}%!}"~ &}5!} !} !}1!} !} !}$! !}%!} !} !}$! !}B" ! "!}""#!! % %}!"!!} ! " !~ &} !}$"#} ! " !}&~ &' +
        '}!!}D" ! "!}""!"}"" ! "}$"#}#" !} !}%!#} ! !} !}5#!} !}$"!!}#!} !}&~ &}$!}$!}+~ &}$!}$" !} !}$"}(!} !}5" !' +
        ' $}""!!} "!}$!})!}$!}9" !} !}*!}#!~ &} !} !}$! !!}#" !} ~ &!}$"!}B" !} !!}""!#}!" !} !!}""#}"# !} !}$"#}#"' +
        '},!}E" ~ &! "}$! #}#!}&~ &}*!}#"},"#}@" !} !}$"} !}]!}&~ &}1!}%~ &}+!}#" !} !}$! !!}z!}2!}#!} ~ &!} !}$"}.' +
        '~ &}5" !} !}$"!!}#"" $}""#} ! " !} !}$"#}#" !} !}$"!!}#!} !} !}$!}!!}#% ""}!"#}!!" !} !}$"#}#" ~ &!} !}$"#' +
        '}#!} !} !} ~ &}(!}##!} !!}""!!} ! " !} !}*!}#!} !} !}$! "}$!} !} !}$"!}%" !} !}$"!!}#" ! "}$"!!!"!}/~ &} !' +
        '}$" !} !}$!}!!~ &}#" !} !}$"!!}#"}#!}$! !!}#" !} "}#"!!}@" ! "}##!!}!!""} !}$" "}"# !} !}$" "}&~ &}1!}%~ &' +
        '}9" !} !!}"" "}#!} !} !}Q!}5" ! "!}""} !}#" !}#~ &}(!}$!}(~ &}(!}$!} !} !}$"}(!}9" !} !}$"} !}#!}1!}$!}9!}' +
        ' !}&~ &}9~ &}(!}#" !} !!}!#}(!} !} !}$!})" !} !}$"!!}#" ##}!##} "" !} !}$"#}#" !} ! !}!"!!} !"} !} !}%!}("' +
        '~ & "$}"(!!" !} !}$"!! ~ &}"#!} !"}!&} $} !} !}$""}$" !} #! #!!!}!" !} !}$"#}#" !})! !!}#" !} !}$"!!}#" !}' +
        ' !}$"!!}#" !} #}""!!}#"~ & !} !}$" "}#" !} ! ~ &}#"} !}#" !} !}$"!!}#" !} !}$"!!!}!" !} !}"!"!)} !} !}$! !' +
        '}%" !} #}!#$} !" !#!}""$}"" !} !}$"#}#" !!!}$!}!~ &!}#!} !} !},~ &}#" !} !!}""!"}"" !} !}$"!!}#!} !} !}$" ' +
        '"}#!}9" !} !!}""!#} #}#!}%!!!}#!}1"}!~ &} !} !} !}$"!!}#" !~ &}.!}#" !} #}""|!JU} | !~| |J | !o|!JX| !t| |' +
        ':qg|(e5|!#9f$ " |!Jk kr}(| !xF@|!#^# k66| !w| |W n9H|(g  #|!/Kk}_QmJm2i$$l}kp| !n| |b|!.mk~kC#k~kxk~kXk~3k' +
        '~+k~_Gk} ! |!Jj|!#i k,Ck^8ku kY"m@ kz k#k~k} |(g"|&(M!}#!}1~ &!}$!}1~ &}&" !} !}$"!}%!} |!"+!L"| !{|(eW| (' +
        'f1$k|k~f(qzem>qh|!#+kbk}| !k| ~xi]|!.%k~kvk~muk{ #!k{aKtrkXM k>2 "k~k~"n(k#k~.!| !}| |E p$!!k|!|!/xk{ !|!Q' +
        'Pjx|! &|!U(|! 3|!U"6|! 2jf| !u~ 8|&)R} !}$!})" !} ~ &!}$"!!}/~ &}0" ! "!}""!" "|(dV}Ymrj0}?mK|&*e !!! !}!"' +
        '#}#" !} !}!~ &}!"#}#!} !}+~ &}!!};|!Mt}~|&+r}"" !} !}$"#}#! ~ &}1!}#! ~ &}0!}-|!!$}(~ %kf}(~ (| *x}/!}$~ )' +
        '(}/!}$~ &|&,w}2" !} !~ &}$"!!!}!"}#!}$~ &}"!}$!}1! |!+{!*#(k{(0kw0(kB!,#(k{,0kw00kR/kx/(k[3kt3*kMk~)k~k|k~' +
        'kxk~1 ! # ! " " " " " ! !}%~ ;|&-~}"!} !} !}$"}%~ &}6!} ~ &}!" !} !}$"} !}#!}%|!TR} |! #|!TULk]}!kr}(Hk@} ' +
        'lck6 lbk] (}(kD}"V}#kN}"|! 7|!U  kF} lmknkg} LkK}!Qkr"ko%3ki~ 0|&/%})"}-~ &}2!}$~ &}3!}*| "/*kWmA~ !,~ !-!' +
        'jrm?jADmMkc~ !|!Q1}:|!+I}8jP}-| "%|! f | "$!|! n}!|&0!}-!})~ &}"! !!}1~ &}." !} !}$"} " | "OKk]W*!$(!k3l~j' +
        'g?m.kck}|!P-}:|!*s}8k<}-| "!kx | }=+!}!|&1% # !!!}$"$}"" !} ! ~ &}#"#}#!} !!!}$! ~ &} !}<|!K:}s~ ,|&29}!" ' +
        '!} !}$"#}#" !~ &} !}$"!!}#!} !}#~ &}(!}$!} !}+|!L>}v~ )|&3G} !}#" !} !}$"!!} ~ &}!!} !} !}*!}"~ &}<!} | ,=' +
        '}#kk5}8~ 0}$<kd}8~ .|&4N} !}$"!!}#!}%~ &}%!})" !} !} ~ &}""!!}#!}1!~!"}$!} !}/~ &}$!} !} !}$"!!}"~ & !} !}' +
        ' !}$!}!!}#" !} !} ~!"}""!!}2~ &}-" ! #}#"!~ &!}#" !} !}$"!!}#" !} !~!"}$"#}#"}+~ &}$!}2~ &}-" ! "}$"#}#|%3' +
        'Y ""}!%}%!}""#( !} & "#+!&##4 "" !% !}!"}!##( !} &} !" ( !} #"##)!) "" !!"} !! % "#!|&9" !} !}$"!!}#!} !} ' +
        '~ &!}$"#}#!}*~ &}." !} !}$"!!} |%6Q !!&##)" & "#( !!&##)!) ""}!$} !! % "#, &3) "#( !)##4 ""} & !!&< "" !% ' +
        '!! #!} !#!% !} #" "#(|&:2} " !} !}$!}!!}#!~ &}2!}#!~ &}$!}1!}$|%:N!} & &P} !#( !} & ","!&##+ $"< "!!( !!} ' +
        '$ &, & 4&##( #&< "#&} !! %(, & "#( "(##( +< "!!!$} !!|&;5}2" !} !~ &}$"!!}#!} !} !}#~ &}$!}#!}2|%?h? "#( !' +
        '!&} !"}!% !}"!!} "#( !} & "#($C ! #! $ !} %} "#( !} & "#( " "##8 "#!% !!$} ##,D##( |&<;}#" !} !}$"!!}#~ &!' +
        '} !} !}$!})" ~ &!} !}$"} !}1|%Cz) "#)!!& "" ( !!&4(<##( + &( #& "#} % !! #!##4 "#!% !!$!} !"}"#} !}"#} "#(' +
        ' !} &X} !" ! $ |&=F}-" !} !}#~ & "!!}#" !} "}#"#}"~ & " !} !}$"#}#!}*|%H4!!"! "#( !} &##, &#8 "" !!# !!!!"' +
        '##44(##( !)< "#( !!&4(5&##)!!&##($& "" !% !!&< "" ( !}!% "#|&>Z}%!}0~ &}/" !} !!}!~ & "#}#" !} !}$"!!}#!} ' +
        '!|%MA !} %} "#( !} lb "#! $ !} %} "#( !} &4D "#-&(4<#T "#& $C<##( #C "" ( !)##( +##( !!& "#( !}!# |&?i},!}' +
        '$!} ! ~ &}4" !} ~ &!}$"!!}!!!} !}-|%Ss "#( !} & "/!C "#( !} %} "#( !!& "#( !} &#-!) "#( !!&#1;(##( !!&##)!' +
        '!& "#( !!&4(< "#("!& "#( |&@o}%!}0~ &}(!} !},~ &!!}#!}7|%Xz!& "#( !! " > "#( !!& "!}"% !! "!} "#( !}!% &-C' +
        ' "#!% !! $} "#( !} & "#+} !$< ! #!% !!&#0 C|&Am " !} !}$"!!}#!}!~ &}.!}$!}!~ &}6" !} !}!|%^A#)!!&##)!)} !"' +
        '}!% !!#! ##)!)<##4##(")##("E "" !% !} !!"}""}"$ !!#" "#( !} #" "-G "" !% !|&Bt} "} !}#!} !} !}$!~ &}!!}#" ' +
        '! "!}""!}#~ &} !} !} !}$"}(" !} ! |%cl % "" ( !} & "#)!} #"#8} !#( !!&#0(4( "#( +#8 ""}!% !!# !(,(< "#-&##' +
        '("!& "#( !E "#!% !!} $ "|&D(}""!!}##!} !!}""# ~ & ! " !} !}$"#}#"}!~ &}?|%ho!% !} %} "#( !} & /H "" ("} &5' +
        '& / !} C "#( #lb<5& "#("!l~5&##( G "#( !!& ! "}!% !} #" "#( !} &|&E;}0" !} !} ~ &}""#}#" !} !}$"!!~ &}#!} ' +
        '!} !}$" "}#!}#|%oh"#( !!&##($&}"" ! $ !} $! "#( !} & "#( !} &##-&} !#!% !!#" "#-&##(" (##( !) "#( !!& "" (' +
        ' !!|&FL!}%!!}%" !} !} ~ &}""!!}#!},~ &}$!}8|%s@! !4( "#($& "#( !!& &("!& "# & !!C "" &} !!$! ! #( " %} "#(' +
        ' " <C "#!% " &##T8 "" !% #& "0(4(#|&GQ}%!} !}-~ &}&!} !} !}%!!} ~ &}#" ! "!}""!!}#!}&|%x{( +< "#( #&4(<#M&' +
        ' "#!$} +##(, "#( !!& "} !} $} !} # ! "#( !} & "#"$ !!#! ##)+ " !}!%}$!!|&H[})!}-~ &}2!} !} !~ &}$! !}%!} !' +
        '} !}$! !|%}I "#( !!&} !#! $}##}!##( ! ( "#} !"} !!!$ "#( !} & ","!& "#( !!& "#( !!& "#} % !!& "#( " &|&Ia}' +
        '#!} !} !}$"!}#~ &}9~ &}"" !} !}$"!!}#" !} !} |&!N"#( #& "#( !!& "#( !!!$ "#%! !!}%##(") "#} $} !}!#! "!} !' +
        '% !}!% "#( !} & "!!($&##4 "#!|&Jk! "!!}#" !} !}$"# ~ &}"!}2! ~ &}?|&$c !! % "#( !!&##( " &< "#!% !!} #} &)' +
        '!!&4 &##( !!& "1& "#} % !!&4(< "#( !)##(, "#( !!C "" !% !|&Ku !} !!}""!!}#" !} ! ~ &}#"!!}#" !} !}$"~ &#}#' +
        '!} !} !}%!}(" |&*Z " ! "!!"$ !} & "#( !} &#1C "#( !} &5&4D "#( !!!$ &,(4(##( @& "#( #&4 C<<0"!C "#( # $} "' +
        '!!( !|&M.} !}!! "!!} ! " !} !}"~ &}#!!}#" !}*~ &} !!}#" !} !}%!!!}#! |&1=} % "#( !} &#!!($C "#( !} & "#( !' +
        '!&#0(#1& "#( !!&##-C##( !!&0, "#( !!&4(#8##( !!&##($& "#( !!|&N@!} !}%!!}%" !} ~ &!}!! ! !!}#!} !} !}"~ &}' +
        ' !}!!}#" !} !}*!} |&71 ""} & !!& "#( !!& "#( !} & 4C "" ( !} & "#( !!&##( !} &< "#( !!& "#($&5&(4< "#( !!&' +
        '##-&5& "#|&ON} " !} !}$"!!}#" !~ &} !}$! !!}#" !$}"~ & "!!} ! !} !} !}$"} !}#" |&<Q !!&##(, "#( #C "#( !!&' +
        ' "# & !} & "#( !} &5C "#!% !} & "#( !!&#0(#8 "#( !!$!#8<#/!&< "#( !!&4|&Pl} !}$"!!}#~ q|&BI< "#( #&##($& "' +
        '" !% !)##( + "#( !!&} !#!% !} #" "#( !} & W "#( !} & "#( !!&##( " &()!) "#( !!~!$&5C#8##)!) "" !% !!&5C##(' +
        '")##("!&##( !E "#( !!& "#$" !!& "#( !} &5C "#!% !!& "#( !!& "#( !} &#~!$#)+ "#$" !!#" "#+!& "/!& "#)!!&##)' +
        '!) "#$""!&##($& "#-& "#( !!& "#("!& "!}!& !!#"##( #& "#( !!~#+yT:Vn=mypXo]mKm5o1yv>n_z9(o< XuBz^uqUxK{+vI{' +
        ';0Qpas/nro9nT{mpy]XoFmUz(&nezGUz_#{&"{?"8{b0yU#s#ypen"m3x^&u3qNummmmXzR<zf}n%q?n~nbo/xMq%"{B@{a~yQ~yh!z:<z' +
        'NIzmLrC{0({=1g+{gky_=xGnEy}Ev]mfm(u%rjrnvbzcYmbo=n6zz7{RDv+ {}p~!$ya,y{^zcu{%@{Vgu=y]zyngq)sdm;pQmH0r%zI@z' +
        'da,zy9mXlaq0p{n6uUv9q/{Xku6{t]yS#Lo q;yoPz*<&JvZzBOzPpze.nJlszuP{+>q}|(Qs{Z]q9ygcyxi^~|(QtzxjtG{U6yVouzyzR' +
        'pTz.imco{-zN5s)zoL{JRld|(Qu{Qpp{mzyR3m=o~z ?ngqcz@v{&|{5U{Kb{Z*{njyQqr,z;Yn9yY:p5$zDO~!$zj{{V5{{gy^nz&H{P?' +
        'yW1z+Rr=nFuWrAzRg{(5{>h{dkyndzZBOrQzzxn^r5{>Pq>{QT{wRz-|zI[syzzMq?{@0yZQz*Ozuh{Bp{V~oByRco4lnmglkpn,myv|n~' +
        'z""nbq:VtemennloYpTzLTt?m1v7%Enzs0mEqH7rHlqr}JnErv{Cav8nkvUwOUqyp?yUeyg4t(o#qinLxCoiz=um3~!$XzOezd1o9rOo~s' +
        '[p 1{?sm_pO{de{xkyc5$m%Gs%svpDn@rkw{r9.Mo;nzqit=zf)mYnWs_{!km4menWof7n]q%rkmHqF|(Qv{OEuyv!pQrlwjyf*z6PofpN' +
        'zq{{Ez{wcykcm9y|hz7asH<zP[za {;y{sUzII|(Qw{p-yU<q%$o;ywws.rf=s m}pEz_.zrW{6H{G+{gPyQCyyJz,Uz<)zb{~!$zph{.X' +
        '{A8Ktyrat>{iOz"]zBM{4]{S%|(QxyZwyx^lwz*jz?ur=zT9vnmpzulv8xF{?)t,{bku1y]Kz&xs,{POyU+prq-yq!z"nz:$zKcuGr o z' +
        'tw{%V{]Xyaqz0z{!@yQir"yoKmYz&CnhpZzB5{qlyxTzysv!{NfyRYr%vfnkyw-s1ljz5;Dsrr"z[Jv6opzz[s8pXv7pB{Mflnp-{kToao' +
        'eyQ)M8m/o7p7p8~!$lemj!mpp7opMwRpsoVtonErtrbQq7p6m;FlyrTq0rXn(m2vEJs*tJs&qH)$n>{;;spp|pwo_mgpflu{mmm8sAnWpx' +
        'yk~yzM{.O{gc+{{Eycnzrw{!{{<V{M.qkyn^wwz0wzr~yxuuJzrVU{+&{LkyVmqin)mDuxz/,mDzE[sVziPybRz]f{3 {L3{bdz;"upzQs' +
        '{@|x0{l@|(Qyz8vzFo{G=~!${qg|(Qzyc<u&qxz1GzBbz_?x,rp+r2{0B{>Tvosa{b5y_bw{zd,zu){.Q{VC|(Q{zCcyY~nk]z,nz?Qmd{' +
        'dpyXRq4lcz+nvls2pyzayztr{+Ro?{>yp8xk{l>|(Q|yS"ys(z4?oLxNza-zot]{+B{;W nI|(Q}{Y7ySfybyz&>rEzISzyuloyRMsizk=' +
        '{$rySZ-rc*x-mQn<n(!o$Slor*n5mCnLmRo[sQu<,~!$oH lbo|kxpLnDnRl}$oRz^ImS#l{An>&tCm3lu% Rqrozn"q"mCGm#{@$oDndo' +
        '<{Y2"{k3m4n% lywZz{myTuxfz/&z>){URyh0^]|(Q~ ytQz,3|(R!z.fP|(R"}#{R8|(R)}"{BS|(R.}!z97|(R2zW/|(R3 {e]|(R5z0' +
        ',Kyab|(R6z;zq%zO,|(R7zcz|(R8} ~!$zyh|(R; {;Kyk;u3|(R=}"yQT|(RByZ<yr5z= {#-|(RCyrbz!Yz3ezpaz%lm<rUmzyyPkoy^' +
        'm|(RDyrcz#VnR|(RE} zaR|(RH}#{ml|(RN})zRj|(RY {(n{O[z)R|(R[ {&q|(R^ yzL|(Ra}%yvh{@2z;fzyk|(Ri}#{%d|(Ro yzIz' +
        'JlyaHzOuyqe{,u~!$yQJmBmUyh3oypbz$&z6nOxmoBs5zkNtCo<ps{6rpz{Smr!z4(zRevEr7{QEyg7qLz+et[qHzMRm?n}loze{{#bp+u' +
        'kwqoQmX{Y0zIvzd8zt{{K(rGyfMt3lyz!Gv.s4wqzd[zy/{9D{{{yS<ymAkeplt&mkp6o]sLsJz^f{)K{;fwZ{da{{nyxJwangyVWqCPyl' +
        '+o,Bv@lum[mZo(nUo7rNm=mSwY~!$m}p|tWllmzn{qqzhQmdr1mO{/-{>pu)nqlxpn1lbmqrItlouzGmwcrKlmn/w(rUq|sT{C{ypNz)(x' +
        'rm]n*zIoxemr{F?{hzyR!zr_yS6snAnsoDz+Pz;ZnHmTwnrWzeEqLtu{%YuT{WNyZ1z6LpxWzeczsH{-T|(Rq{F+vZ{i6yz~{(onC{Q2Np' +
        'Oz$jfOzCdzXEzgLztp{4A{BY{Sb{noygjz,C|(Rrzg:{!Z~!${5@p,oK{R#|(RszKDvGtFzz_{/h|(Rt{TG{n.|(RuyR7yb!zEU.zT+q2{' +
        '5.{yiy]k{OLy}Iz4RljzEizS4zwTrR{4*u~l|z._{)){:Tz"Sz:]zL7z[gntm/{8q{RuyU&y|ds0{/3y[0z1 zdJyReogorm$z>VpAzxe"' +
        'V{*f{B&wxsQyUWp2pqoZz"wr}n9unzE+zSGzny{49r@{b:{oC(wZWy^]z9izFnxyznz{Ni{faz+9m5tfzQ#~!$q}u$z|9rvxP{N+nhtjy[' +
        '6l}mQzK5vE{<?z"Rz67zGGwAzwOz^%yS=luykl|(Rvy{mnkr[z^eztRx>Tm={Pmqm{eqlun9{}:yU,zRLzpC{U5{e0y_C|(Rwz3Q]zE#x]' +
        'n"qMzh]{"|{4ely{Jfo"{fOwls(m@zm5n]wN{.N{Xs{zn4{B+yq(z#1z:nzSrx{zwswKyYRzSsr3zmu{GK8:{eryR;rMyyWt)z6NzXKxEo' +
        'z{#i{1o~!${Qo{qPx7yq oxqxzBzvPoBzfjzz,ns{23wG{[=rby^Jz7+qxptutojp#w&lzndn4r@{C${iiyZBz,}{dMyU7mZy|pzM[z{Y{' +
        'N/z$]plz=H|(Rx{d[y_7{$Ly[Ukoz@}zqUv+{.x{dJyU}rHo~m<njyztwqz;7oizL9zZFm<nymB|(Ryzemzx tNlbvZ{<L2{UM#{e[{s:y' +
        'cpzR"rKsg{4W{Li{dz{tnrAz<#zM<za,{)9{f3zl1~!$s<lxp"z32zaep9siL{mEpYuLyyGrrzQ {(Iqf{Q{yPvyaVyt_v2p-qkq0tomXz' +
        'P]LoEzj[{/UnPtk{Mv{l:t7yfYz.NxCzJ0{,F{>/{g;yRVyrsz%M z:bz{SpSu"m_mW{N"p,yn(qCnBoKz8#p#nTu/zW={!J{G@Lv&{qp{' +
        '%o{Fq{d w x6yx#zHPz](vbkl{/5y["{>XyZ!lkoAz?BvTzh{<z{bM{g"{{FzP!~!${2%yZ|rcm5z7imTs&zOXzh4n;{,Tp]s|{TFo<{vQ' +
        '{;[yUOq9oZysWxHtYtf r.o/rJp^.zZ#!q5t8mj{#4sBll{BUHosz:ozIszZ,xXm=t {xNzFvn~yqmz:m{0hyazyp8nqz"jz1Pr_oLzNOz' +
        ']8zsX{+r{Y9y_>z ,vL=lbn%q9oBu_qdm*zVVsuouz}/vcnMrc{ATqs{fD{wdypM{{kyVVqRr%o z6<~!$zIWzye u8{6/{ako~y_fzIxz' +
        'Z.ydjyuupUnxqVm&z:qp=mtzNQ(zi!zx(t]{3@{Be{PD{g!{|)y{jw,lzmev-ms zHNnGz^PJz|%{b yy/{7gw y]|nhz.doOmjr}tEs/z' +
        '^snGzu^nlp7uTmsu3{P8{etsgyT1wCmH.z.coon=mVwatnrexhovn7n+8q)KQwG{* {9s{P {hynFy_(z.kq%zN9o:~!$zgM{J@vqmx{pu' +
        'lxyVjm/ylarWr{qvo=sgt@m@(lkp3qhzO}zmpx-upn?mrmMqCq@v&nV{R;{ce{}kyVRke|(RzynVz$ku)m}vhzNXsuzh8{%1.{<s DvPrB' +
        'q{{d?yT,ldz ]z<]lvzgN {qoz!FzBqzWBm0u}|(R{z}*{2Xmm{k-ySkztvwN{b2y[Zz Gz?.up0mRzZvzv1{,@zJZza3yY,p>yphz4EzD' +
        'DzbDpb~!$rJ{4v{bqof|(R|yaiz#.{D&wK&nDy]Bzjd{t_s]yQ*q>p#yzjqsz7y<p;nlzUDw}n-w1o {N,{ksnQyV!yo!0vNz8mzFZp^ox' +
        'nnx8oT{.p{<YWrBvAySjpyr4loyxXwCz:Rzp#{(%piq:v~mD{N>!{m>rhz:syR+p3yr6sUnW z0Dz?KzV2mls%z|r{1^qm{PqsM{vPyP|n' +
        '4o#m[q%9pjm/u5oXoH~!$n^;lzso|(R}z-itBPzL;oDuxztKo%t8qq llmml|n{{?ns:li5m>litqn^woHu|tOy_~i#qzrDr8mh:z%vpVn' +
        '3v+zIaxozh;zx>lxl_{+E{GJ{ek|(R~yTXz#Dm-u(y}!z:Pq#zm$z},{woyQ%s rw5GyrrnHwRr#nAn(PtXqLqwr%!} nI|(S za.pxqom' +
        'DoQ"sHoUqmn-~!$m_mIr)tkq"q%mzo]x/{f}p.{|ryj{xOwqz6AzDbngp_s2DrAo^{G0L{iDz+:zHv{#w{n>yQ_la0Zm*!lfm$o-t4%nyn' +
        'Fncqgm<mvq//*qDXo}mIu0r-3r@$mysmo+laoYq;u zkeoI!@m%r o;l~tUp8p2oPqKqop!.n(prmOr@nh{kMnL{{.y]i|(S!z:Y|(S"~!' +
        '$yX$pCy{!z5vzI6z^}ohm?zub{0k{TU{fMyR,z3[zGSzW7{3dyPx|(S#z;2pVzN,{+8rtu8z1zzR%{V7{j]yPysJ8lswTm)m2ywcnBn0og' +
        'lu6Br*z>%qgw#vp"mEwgrhrEwP{<rnlmDqCmB{f9yoazbZ{H*yhL|(S$zr>s_{*izZ7sJ%|(S%zt>yp*m;y~Yn<GnCn.r6nVq"oQlk?o+n' +
        'EzZEq3zu7qUm-pM~!$p#o:v%vYo {Plsf{{_lvyq_l{z psLz7om#o*zI1p%pKzkTm}{17{ULooyS2qFmCwkyw,m^z-8tzlpzNGu0s lfl' +
        'fXp_u"w^m@obq&YmKvlq&s%uSs2qppE{lBrZyasyz_z@suUm*nm{)^uvv)n[mB{ee{}@y^!z9ZzGKz~"{:3{H:{annCz5.zLVx6|(S&yn+' +
        'qZq.xLn<o"w<lcz]6n9t"Fx<~!${#u<n]{AQ{TqyQ&y_GzFipVzq>oAqL|(S({G9yc=r<qyuIl}!q%x/oPmVqps"w6n5o4p mJo;u9m.k~' +
        'mPzt6n8lnn_9{2AldmawZ{PZlwlwqW{h[r:yUzyz{z;HzL_zxTqB{BmqUtJyx0s/z22{11{QM{k2z^8yxPz(Wz;izMO{@,mL{PN{hsy]T|' +
        '(S)zT>zm7{ZK{;I{UXyV3vtq}nFmop,pxn/o05ots{~!$nwlaoJmYo&lezCBo_mqnNqosSnmmTmTmrp$oHrXm]mXq#n?=m|oJp<q^onlmn' +
        '{sIqqnIv1nuldnRo7Cv[< NJnsp?oJljyc$x}mbrPlrzMBp:r>r}m^{$Fu^z !pWCm^z7Eq}olnMoCp^n&z_8t]muv*pzw<ndo1pgm4{@q' +
        'm&{TfpH{hmpaz,Y{;,{P=rpy|]@~!$lezaX{(J{8UzR|z/7{"K{=W]yQ/Zs,qKm/z-ruoz}R{::{d3yU.ust_u|nBpE6k~phnzo?z6tm73' +
        'p-Vz])zkCog{">{0cY{>[n9"m=p$EynQvkt~ooryz@*s%setkzv?{8Bw0v/{k0?yT5llm$xmytUpIz*AxEn zX{tzwXv_wHmZphqiDoBtH' +
        'xtnY|(S*{Opyq|rnlexv^-BvAzId~!$|(S+zMdqqzc[{+H{BKyRwxR|(S,{eRzHLyRSo3p?w9ytZsbz,_zY|{+VnVu9ojpw{crmKrGw"lw' +
        'ynix|numLs:TskzBiwP{S;rK{iWvKuLyxNo<z/Bu+qNziU{e:n5n0u0z6V{BVvS{bIyfty{Zo:nHz98zf{{.{{bTypzz.Qz[7{w)ySIyqy' +
        'z&(z88zFzzp~{w&yb@o:tDy|mw2z9yzL~zm6{*u{domsyb1z-oo&zM"z|Ou%{iV~!$zEL{! {xTm0yQrq1p,yqgz)Zt>z@MzY[{#S|(S-{' +
        'UOz#_|(S. zy^{,!p;loo7{LJ|(S0yTn|(S1 yq-rXz&tuhoKlxo8|(S3z@inBt)t7ozx7[v/n%|(S4{!a|(S5{=g|(S6{D0{UA{dR|(S7' +
        '{k[ykwz$tz6szP_zf-v/{AO{mFp_w?yY5z+anDzD:{(uyW,yo1z$7zV>{?kneyxA{4uyV?oOyk$s-z1*zMly~GzA.yZ[can:|(S8} yrq|' +
        '(S;~!$ zFTni|(S=zbRx2|(S>{)Xlan^{ND>|(S?{kk|(S@} yR[|(SCyn<z$Jz7n|(SD ze4z}d{Cj|(SF{PS{o<yjtp3q%GpF|(SGz#"' +
        '|(SH z0-kj|(SJz@Zu/Xn8$m&o,|(SKzUrlzC|(SLzX@2|(SMzlT@|(SNzu>ri|(SOz|v|(SP{;%{M@|(SQ} {W#|(ST{vS|(SU} z(BzL' +
        'R|(SXzX.|(SY {b>ybZ|(S[} z<b|(S_zT}mitA{*mm ~!$|(Sa{bH{plv z9g|(SbzX>{/t|(Sc yoL|(Se y~Upl|(Sgz7{m3t,Us&n#' +
        'oPnvm_ld4o.mTpB|(ShzaT|(SizbsqIumwt|(Sj {,.{@o{Oy|(Sl{YY|(Sm{f6|(Sn yQSq=|(Spy]$q.z:8zINuBu$xFt#{+GtrE|(Sq' +
        '{<Qp@o&nW|(Sr{W~|(Ss{f0nhyRIm>n$nRs3naktpXs$l{mtm{p|z(]|(Stz+uusmpm*r<v<u>~!$o)nFpWzuF{7Qv${tGstyzXzIfz]Ql' +
        'h{VazOfza_pmwyv5{4iyYsyplz4.zc/Goj{":{R*{eFs#zN;zc&zs* {)6{7!mfs@yu!oP/z>xm#x4z^Zm/9x<z|.qWo:l_rB{F1{caq8z' +
        ':5z$Qz7Sp@zIKz^<yVtyt8zFazkOyqax&m%z]2r"|(Su yXto yo0nim.lgqb|(Sw y~?z.noLmBm0|(Syz: |(SzzCQ|(S{zX~r_|(S|~' +
        '!$zrgGv 7pSp |(S}{:#pCpP{QJ|(S~{Qs{lGz+&zF&r;z|f{=F{OZyUtnEnSo=yn#n+tst@s&zAVw#nDlrs}smn/#{$4sdpB{K"{ZIlm|' +
        '(T yRCn,o2m{s;"HyxLloltz)}m-xCzY~oImpr}s+ldHu2sTsmu/mN{OmmJmun_xnm( y_;z$8z7FlgqSzW5zqq{RV{hqyRF|(T!zC[oYv' +
        '}qN{#5s=s8~!${Q<{dlm!nt{2/{qZyREzWe{e=yYvrUoOr+k~mVt9Injx6o#sRzIhm{oF>v)nzo${+l{;Z{NJo(|(T"{d7qK{vzz:M{I[{' +
        'W&yTJngmZs0v$sfMq^z*wz91zNBw2qpz|4ssu0l{nBqwngn%q?{QF{h0ukyR(o+p2l{|(T#yfnm?yx?Ksv ldq7lbI sXp$q%|(T$z<c%|' +
        '(T%zA! u<m3|(T&zNM|(T(~!$zS*u: |(T)zaUn>|(T*zg"|(T+ z{Nx!r3xppvlf2u(2q^ks]n8mEpV|(T- ynh|(T/zGn{$JI|(T0 yY' +
        'tyrXsm|(T2 zQgwr{%I{H4|(T4{V<u^|(T5}!{$@z,[zSgzzg{8||(T9ymYz(%nGzGP{Aq{WIw_yQlycrzM]{2B{dEp4nfz1WzJj{R%y[V' +
        'z+t{(i{yByU>mBnOyxcz)rnYt.wFs^zdxrK{"!sXtnrgm-rR~!$m{{U,yRAl|E|(T: yr#mx|(T<z 3o6lcn/|(T=}!zYapX|(TAzdUm!|' +
        '(TBzq4|(TC{#)GltrVm5|(TD {GFkuv^|(TF {kE8|(TH zT#zh?{"C!P{BqyRq&u&o||(TJyeVqzt]p}u5n zO&|(TK zzi{,t|(TM{68' +
        'w&|(TN{g.*|(TO yPooiDyqBz7>zO[{Q)u^{mRySTyq5melrz&Z|(TQ zqM|(TS{-0{GLyZ:q4~!$|(TT} yS%v$ywx{+XyS-uKriysZVo' +
        '_&$z&~nNzP(q"n>qop!n&tMx;syq:oKqDmy{BCq.{eEyTYv&vKz6bmBzTk]p.z{_{+%{T){e9{wuyx6z?bsNvmzhSy{Bz9LzQ]zv m;{:m' +
        '{eUyPwn8wxyo5mLTmBs8r$ltmxx(timkshmIm.wbtH|(TWz]^oHzscpz{($m,(pTnKm~m6[tOwexlvT~!$o2yZdu rXxYz->z;9nVlyzNR' +
        'm[p[z|h{<>vkrc{}#"zYNzuX{B!{Y+yTD&q9u3yscz!|wMz;_qNmps4o{z[Blts0zv$p.{,#n}m"pQx5rMq-pCmf{eG{}8y_Ho4yv_nJz3' +
        ' o*zPQvY|(TXzgUvRn7o?qFpRv${C#pPmamBmCp</m5uMyT@WoFm|0n>=yod;nMsElps"pspFz=Dv5llv2~!$pNsqn{(9o.ztslbB9sh{@' +
        '}{NC+t7lwmTntsoon1mzy]#z,ym3zL%zg5x7napiyaky{qq.zQ9p2zxM{f.xNu5z1%n>{8eyPpmY8pb9v]ysTq,sCm2lmmOoQrpqZUl{mq' +
        '!p7oyo.nCnFp1HWlbpsmHt.m4oJqxo9nrmBm7r:n9{*<{?mnQpgxb=mSmSm+lwvqls~!$%mm{|Cy]Sl~t,sEz _nmo|u)z?(zS(zo_pr{(' +
        '|vxu(qPu1u.{d9Wminz{}"yUqp)mJnGupz#Alzwno0o)l{n!k~Dp1Zo3zPtl|qNmClhr{s-qs#mJldm:qWlkm*o9qn{4Xmpv9m0synQpPl' +
        'pp&x)ma{vBz7(zvv{J({Zzyw{myya[z.pz]*yVnyx]w4n}n#z?NzMJza&zqitUl}mZt}~!${KC+{Z3mayTMylgz &n*xU{!?yQLo lcn4y' +
        'sp{%)ydak}pGu6rCr>ngz8Zn=n)YzJolmo$oPo7tlpXzw^m}Jm;xN{7#uElmt,o&mpnio*#t3{mkzs|p^yUmoDn.yn$wTnwz8Vvot_oIoe' +
        'o-x4zsf{:W{Pplw{eDtw{,>yQ>n.{:}{UNyb*zE,h su{0GypCz+7z:C_dzUpwcm}z};{1){CBpryQ]yc;~!$n*s!0z%Ltm%own)n!mWo0' +
        '6v8niZs/zkFlco1.vKupm$nZmq:x2uY|(TY{H1n"sQzhkth>wJqzyfDn6s>z/jn]q~!qyo;q>pRp=z_!mbYn"m"o5l_m2rTwP4vitwuMpT' +
        's4qqn.mGubsS0mYyU$x>ys}nHu5z>"zbencwXmp{(P{76{GunKqxz6Tp&|(TZynTzQXz|!{N4~!${[Osoz%*r6zR)yQ$p5mLv3qmy}jmDz' +
        'Etlfzmvsn|(T[{KdmFpUz0%n_ziYu){Y@o^{}Cz3{zRTr0saRzsEo[rkf{q;{D7p {]|xf]y]VyyHz4Sr@zz+yX|suyo|z*^ mhv;zsZ{D' +
        '/#yVN8rMsYytsxwmUpwwWmuJm1tnzP m3votLxC{&Bo-p.nOyXBynMvYHuhwgzl+z{V{.coR{UHNyZaz=%zt}~!${G5y[=ysLz(|{5VyVc' +
        '|(T]y]syzGz+%mdn!qvmzzP)zfM{%q{K{{d4m yS8x5rNuxy~|z42zJNo>z^Ezr]{)nur{Goo9rbp w&lcpVy[st;mYz%.z3ozR-z{U{N#' +
        'N{]2yXVyz"zJCoJzc]s=xSG{A*llyn}pQx)z0TzYut{q6{B1q5rOz"~z8szMk{$>u){A~{fpxV|(T^y]bz:DzLdoiz|${B;{P}P{pYy]:m' +
        '&rdz+=nYlzz>y~!$m5lknDzU"mYzldmk-n-[{$Wq7m!m9qU{FinnvhICyUfykBzXlzk8{7It9yycviz;:{R=yc3xIv#z(cnFs~z}%r,{2:' +
        '{WLz3yyX9y|kz:EypAz.RnTz@+m/mmw|zh/tR{+To}{B#sxrNo!Yltp$(mGu%u@q,yQ!zdAw.pNlzm=r_{15{Kt;mIo$z8!t[za<y[uz:u' +
        '{{oyYxz%UzIy{:&m0:z(s{(drG~!${H2yc&m(qPw/qPzTy{"Ym?msnP{Ivvq{o@uzyW^g=ybMz)]zNAyzsyU)mcyhky|.p7q[z>kwTntw&' +
        'wC@m2vBOueTp#s"{6N{N {eBt+{}+y]fmC{k>{>qyPrz<azPeyUVyyKz<!zIknYz_rw9{U_pP{9Uzp{lpz%byS/ye=mauUnbz)QormHx1q' +
        'v{**{csuVLyVstjqFr1|(T_z-I|(Taz4Op:p"zRhNwb6{@#~!${]5ydFphooz#wrKzFCzTElxz{]{AFyrW{&4z1"zi {#Z{G3yoUz2RzA~' +
        'yxZrwzO(|(Tb{3!yZ sAyquz&9o8zF}nSmEztC{%3q[{J;t+{j_|(Tcz44zRIz3Zm8yZ"satP{?yz*fz>K|(Tdzefztyqv{PiynezB1{(,' +
        '{=K{PM{iByWcyrDlxz.*{P]{qSz*dzZ>{beylxt%v7xiqzlprxzJim zYMqaw+{!Lty{JP{h~y]AylWz;jzYks8{G2t>rf~!$wFyZ@r}z0' +
        ')yThyfAz(Sz5jzI~nMzYomxzqP{>LtWz$>zR3oz{(Uz)qyUbmUz-2zYjzv4qxqV{Q>{gprg{G?ym"z!Xz<={/6{@dycsyw7u2mDHz68{$}' +
        'xT{atn;yTEvF(!p(m9q_z Dqjs!6mk|(TezJhmJze:r|{%Cltpbp4ltvfmJ{PXs~{kNs1z!*z9UIzSZqJ|(TfyV:s$z$;q>z;<sezPazc"' +
        'xW{;Aw>{jvk|p0~!$yeZzqXz@r{BLob{jUnqz$Mtrze;ng{<({Qr{cuyaBz#kmNzJQz_ pGIztm{,;{m6yQb{Q-yPzoWx!yqXz"Qz8-zJ8' +
        'zaN{-Xvz{GIuw{f;{t*ypxsD{5Q{Bk{xYyy;xiEz7JzI8sjmFm<{!*mb{a| n&p4y^3{NIy[xr&mRmrGzDjt;z{{xa{Wgvf{zhycYn)zhG' +
        '{7-{b1PmMyRWm,yt"nctRrTr>z;Vn=wtpZ{ korp@~!$|(Tg {hlyRZpcx/t pzqflmz+szA8w-sI{:.q?mTm:{Qu{n*n4y_"z=kyV[z!^' +
        'z;8{-({;$yRbycds:z_;{SN{hfnulqleyi~rE{5]vaz+[zEGz^,{M3zF<{e"v6yrBzY {I<{g*yUwy|Ir+sqx4zJrvIsxUlhtnDzz@?n*w' +
        'A{;+|(Ti{Gm{Vp{izywtzrQ{:w{hhyvIyV$uYyr+vHz/yzLFz[d{%l!s8{X<{i9yR^s9n6ymD~!$z$3zJGqcoDlnm#nLrPmE{-+x)n({PU' +
        'matB{mAyZCz$(p:mLz9T{2p{KeuJ{gLyQalgydsx*EmHt{rmtP2vKm!zH(p/m+mLmimclo)m9rnodUmKpfshuSocsbpxpxlwp@1o!w0n]{' +
        'Zcx$m*z)2oR{TTyu3z7jzMjljza8{qmz%tnFzt4ye^z#EzI?m:lzv7zy_{5|uz{w<y_}p&yw%zCCzTXzdZ~!$wEQ{+JoK{A!n9ov{g5|(T' +
        'jz4cWzme pcyQIyg}v?rOstr t{zFVz8dqCzN.u1u0zyc{Qw{oJpozKfpGx>{F%{bWy[kz!1okmlmpZ<z8@ uFt^pOm/m_q?u5q@zv.m+{' +
        '-3w2{QB{dd{{Tya8v8z#(mTnARorx@mdv!u7psn+t;z}Su9p&v)v^qsy^Dz^"yx[zCv{[^yf+pIyx!z5Yl_oQq+zLZY~!$xF{$w{TR{o.y' +
        'UPm/uhm9NoZ]z!#oZz;%zW?rr{PRy_@8yogm/zV9mPm1{3kx4z9){3cyh,z9$zW"{/ZyaRrIzGZz$*m)w_s8zV~{BFwY{{OySlz2azU]xn' +
        '{5jz( {CG{yAyYzmvn}zKa{%^{{dz7pzEvzU)ze_ycTy{*zyb{@"zEs=)yd-z(-zKh{"Nr,yXensvGn8m&tbo*tDutk~m_wZmMzWt@ nVz' +
        'p<l|{"+{A ';
    // JIS X 0208 with the extensions of NEC and IBM.
    tables['jis0208'] =
        '|!JU} |(dc!|!M<|(dq #ka|!L8 | !{|(e9| !o|(e7mlj5|!M> jz j>yS6|!JZ} n_| |:kz|(dfMB|!#!|(eU| |Kk~kr " |(d^ |' +
        '!Jk |(e4!>!|!J^}(|(db!| !xF@|(dt|!#^|(ds!|!#e k46w;k}| !w| |W n9|(g%iTnE iYk}"#6| !n|!.mk~kC#k~kxk~kXk~3k~' +
        '+k~| |b|!Ji|!!Gk} !|!Jj~ ,|!"c"m@ kz k#k~~ )k} |(g"|!"+!L"~ ,=mJm2i$$l}kp8 k,Ck^8ku ~ (i4i:|!/zk}k|| |E | ' +
        '!}~ $|!.T~ 0|(dg}(~ ((}8~ &&}8~ $|!K:}s~ ,.}v~ )| *x}/!}$~ )(}/!}$~ Glj}#kk5}8~ 0}$<kd}8~ .|!+{!*#(k{(0kw0' +
        '(kB!,#(k{,0kw00kR/kx/(k[3kt3*~$iiS}2cJ}(~ !|!SdkH.KkH/kYS;%k39k|(?kpm%} ko UkZ~ )kWb[!|! &|!U.|! 2|!Qw}"jd' +
        ' &oRk~k~|!#O/kG"kb)mPjTk~mgjOks ~"&yRQyfSyt8{cryeYz)~qdyt+{Pq{0Bh8zr-z(itzzN:z7F{03g-{shz>jyl<z6Vc-yxbg!{5' +
        '~{kEzzam {r[z,ezxT{<4yxNtox$uupd{bTpyz;8yS>Elflsmsyker>mdMq^z)@Pm%xvt3zUKxhAx]v;lessu0x%s<{QFEyaD^&0yn<{$u' +
        '{RVzn<yPoyq:zO[{Q)zqm{,gj<{tDyYtr(oZDqTt]z#B{kCzM]{%Iwx{d7.Pojyc]kgyxLzUb{"6{Om{ecyaz{w^zs;yQ!zm<{)MzN;yiA' +
        'i zEp{2/{tPysxybVzL3zb{{azyimyRF{Q<{em{-0{k^yc2q*ywQwpz7{n<n|wcn#VzaTrhum{i={,.{;4qZ{XZzM"ze4o,{m_z(e{BVs%' +
        '{b?zAOybZf!yl&o+o rku&o?uhlnzJDrNp+mKlhmAoyz|FxFl~se{QQqP{vzyolz6szI;zchy[tyqyWz$Qm t u"w^nhmRz^<{":{=y{w-' +
        'kapiy{RzIy{-]yY5yzXz+a{(uz>KzZ%yQlpRuez(%zN>zr,{hXyPzy_}_Im,kgm)kOtpo]qqtGpen_Kzphz9(o!:u}ovvAu<zp!QmCoX{+' +
        'JJIm8m=kcuzu1yiR{G1u"m-{f;{6/yUgy|=z,_zY|t"{)6nAwp{GI{e>rGn+yS#lr{?LykOo{mEz#(nYlbm/kKo}len&rd{qlz8erCzLDt' +
        ':zd1oGzzt{+>{:.{avnn{G%y[ln6yqa^lyxzorx"zACwZzm6{1<usqr{Z]{p=zL9{mA{7!ym]z=0{6u{V3y^Dw1e!z"]w;q-ujk{ujz^"z' +
        'mepd{>aXv!pIq?{b0nZn>yx+oZzA>{iV z0zztEzC4lwg#{t!zQby^3tnz(-rwzKfn5n3{0({=1{NIyQ${tNycGz@8o,{gEz=[yZ1zsD{1' +
        '"{U^pcyj({w)z=S{,Bo9zxZy]${+_zc&yR3npqtyy;y]&n7/z <yg}s-popW,lfs4&r"mAlgl~qtp8rjmGmnr=5nosjm:k+zbMm-p~Hw m' +
        'imEp{oZn"mtp|oE{>zo%q4vdvVoOk}1n,o}od{)kyQIyc~y{ko z^Zs@nYy{Z{"f{H8{e:o^lf#ySZ-x4r#n5pCoZpun#n5p-m7o[wOu1h' +
        '.+oJp^kxpLz szG_lum+zdfvRyx(zq9tAz%2{>TmNs9n,odlt{k3o9o;yR5qRmHys#q_z,~ltrgzF/zZgt2v?{"!{:0s_m{z1-{.O{gcyc' +
        'ZkypYz>)qY{A zl,z;_{{_yb yxi{&"{5Q{PSyQ)MmGlmybym3yxuuJn}z5dqAzI"Pm6u|urzrSXl}qikcm-z7@zY~ybjyzRpTz.i.YzN5' +
        '{5[vbv5{XgzP_zp;{r&yR^" nX$o>m;zsyyZFmJomkJm"m1ptsvx/rO3nNA=sOr3zCTrqz[+KzkP{%^-nnu+{S0t+wKognnySIt.yz:z9!' +
        't-yzMz:7r~z^:z>$zx6yXRqvx4z ?{Y7z6YzEv:za-zot]p?rz{+Rn~{;XnIq/xkqUycr{WIyQpq.v8j.z[@n(x#{,"{Ln{ma!*yZLz)}{' +
        '5ayh5zrWyWayy<{Q8{dZyQCzE,{Ujyz_kvz0wzr~zIv{g5{Nhzs+zWe{d^zx7z=Hz}Yz>%{Z y_Wo6{3fx9{!{{M.qkyaq{;czo2yUengo' +
        'bijw<q/z_?ymDpyz$3BnZnlkpleq_mMo?nnq(zN(zdKzqxs[ltlpmyo-v,]ujt~l~nnu~{i"{x4{+Q{Oy{sYy^Hz,nr^zRg{dpz=tyW|zE' +
        'soisyzrQs{{:wq8z:MySOoPkllbo#n$Ku)ownasfw[sUlinfmDz@9nxzZBOmGzkwl~zzxzi${$l{>Pp?p|qEpBtStFq0pqx6yYvrU4z!bm' +
        'rzN0m:z^5m?zz@{*,{?kne{d$yQappvdm^rysvpDs*n"mAtRtNrezNmxKzy"{<1{$dlctPrWwhuFw~xcpQ{|HyRIk}m@wjnlktytfz$^5n' +
        'iz>~q<zaSwT{AO%n<{ToyQq{s:yRYnASm/k|o@Co@:lhmcllNk|p,p{ltq0q,)RrO!0mF+7=m%oGneoXldn8pEn0ldmxm>m{m;oAs1n4lb' +
        'n/m3zcuodq:q(s>E3lilvr^kmms!mj[mbo5{;$5sWp8l}vWmrngzlD{XksEmppkpEoLr]y]zlsoY1yp|z/0zS){FOt6{{JyY~nYqfsPzq{' +
        '{TT{wcp"z]Q_6{&{zcRz%tnF{p-z[D{OgzFY{hjyS"ykcm9oipMz($onwwkvr,m=zMjze_zz7{*e{qmyRPm|xJoJy}jm<(z=,xqzanuv{@' +
        '^{ZK{<]ylgz"0xUyXBkvnJz:Eyedu|olqJvBt$ocxotys2rp{UHzZEzkx1oTz6Czz-{.c{<>{Ml{dry^$yl=z;9{!?{G*y[-ylW{c[yo;z' +
        'AK{$wyeKy|eynYzm>{yCyTYt/r:z2eq?nUnJzrcn;q {Y@z>1{r|zt_ya!g_mtyyHz//pkXr@x_{3d{eJzgc{sGz0){Xu{rzzh4z8OyPxs' +
        ',tmy{!xHv3n:t=zXeq9ohzubt,{6:{C~ogxp{kcz6cnjzG#yS.k~m+lhsXpqkyqFncqgnIk}Vo_nhphIp^lit+r yx z6f.KphvN9mYz]R' +
        'zo:m=tzA2u]m$nZ{>[n1+k|Fm&q.5{eEr)zFfyR@mxltpvywzmjz*Mplu%zEtv3f9zYarzo#t.m>{#)GpjsG{OGzI1{znz#<{CQ{w,zs}{' +
        'MYyxR{efyPrycBw3oGpInDz(FzO8mLzeG{Guyxf{1szvMyW[z=${+6yzp{2az|ev{yZpyyoz0E{I7z6QzWGzo/vdt/{Btv6pU{6n{R?yVf' +
        'szyzGz;<zTkpl{T)mAor{,!yy+uTp{yQLyc&yxMz-<z:xx*z[Rnbzqi{&v{Ivv8{m/yYCsdmXyyjz0gzCBz{M{e{ykKcQmayx]map_yV3z' +
        ')dqRzK[zpU+u]nvp6qrRrlv?o9qut$n#nmo&A{e?{T{yRwmTqKqQz$frvz<cx>p}z]rz|m{UNm}yc$yqdsCzMBzoNz|ugZyp"zWzy[u{;,' +
        '{P=yUmy|Pz8!zjktz{)o{n<y[?z$}z7Eujqqremjn7zhuzyoz !{Qhn}{hmy[aWz-1x!lkzN/z"?z{upQz:={3jlk{BMy^lo=yrbz!vnln' +
        '.{XQugyXDm-pqlfGmlngm"kjnOu6lymCp*lt)!)re%lymUtP$lzmxkjs-$Allnso1p.6s#n5mFlrt$kildx1oGokmkm)mPnYQpGmWuBu$m' +
        '|n&tUm[o9=8?qCmB{U$n+o$mas ngyPyk}6Yu$nByn+m+m^rOtWs*whr]ktzKozZ}sZzr@{1){Cm{U9owyiZpv{kOz/%z@*s%zXlz}=qzq' +
        'P{?O{k0{8B{OZyzHyT5mpkQyfDytUpp,vep<q6r|mbs@mtvhm>zcvmKour8mMu2{)4n5t<w-mUxBnYm]p]{f#yRq&u&yoxm<tbzc[yzJ{&' +
        'W{?u{Op{d8nuztJ{B#{ho{T?ykfbp{Pfyd.u.z hz1)zHsx&zi|zx@u:{;I{Q3n}po(u]zaW{pIy|]m&z6$r+{I{{eTz0Kvfq${.J{h~h:' +
        '{<}zR)z3CyycyQ&zSwzdBz8,y[=m7msysfz$Rmmq>trUmrlxryiYu2s?x>sJpozxuv yq9{<|mGo.krX{Plp%{fq&z6>zqG{%m{e4z psL' +
        'oKurm4p-zkTrSqUqFsk{G5n mBmCzmRy]#z.pn5mdgC{@:zrboJ{A^{eezzuxi{86yS2rjqP=yxjm#4pzwxArduHAxhmAkOz<bzQ^qGOz7' +
        '#zr]o;r%m5omq&mh>uR{@}rYo4r~k~r/kct3{r}y]ltzzQ9qSyZ=zoxz}>uCzy&yiwqZx(z1+u9k~rVz[BsSk~uglkmNsUmND{4fwZ{cn{' +
        'QR{|UyXvp?of6a<yh/u)m%zY_yxPnBya%z)D0rdGk9mAn}o)n{z #zB2PzPtsoyR>zetnzv#rEnYkJsdt)/o lsoLsix~s.m1tmult7yX]' +
        'yp<z+7{)#uG{H5tYyUfmxq(o9z(,sywCzNA{J(rgyUzyzm{GSz7(z{;ya[{;qyZKz1Dyw{3mfz22u){QMyS/yqe0zIQ{@_yf}svpAz)Qor' +
        'z<N{**z@t{csukm)yTPynew${#-y{dp/oembo8nRz:DzJwqC{%3mxod{;fwZu-N{da{{nc^yS<ycAyqrztQ{Tl{iU{yBzP:oWya]qFyxJz' +
        '-IliUzJ&u2wb{@#{]5zRh{BS{,wy[b{7Ayc;k~^*{QEj5yrW{&:z >zsm{Ojz?S{Ezz[c{t^zCF{AcyQJyacsKooz.ZnFr=zFCs0m?rKzk' +
        'NtCn#qhr}mN{6rvS{YnykTq9z#mz6dnRvuoBzcz{AzyVkzkFylEz#HoWz8yzIAzf wS{!Cs"{7c{Q6{mLzv6zdAzs|l{{15{P^zq!mp{,u' +
        'yv_ziYyQ>n.yx_wvs|ufphzJo{5nqcpw{T+pV{mkzB~zSqtE{,#p {G8yPpu*mJvIyy_qx=lqmXAVllr7o,uxm@zQqt$t)qU{$5n.lb{8e' +
        'u.=sFm3xzs|s({vBy_*z04zhkz:ZzIkz_!{GL{ZesdzKNypAz@+n&{PJv%zef{Piyo[z=3_"zBbyT@zQ-z<g{Of{2;z{U{Ygz@]zQsym"p' +
        '>r.zz)zYKyc[{Uf{xYyRdmhny9q"{G&yd=vgu[r~m=8lmHo|r!mJm[z?(uxzm0nrmBv_x8{?mnMuCq#mlm:mr{|CzJlz3 mOmXzPQzgUxj' +
        '{QZuMzOuyf/z%.z3o{NRmgrPyZMyonn&tor;zMnz}zzc^{GEq}{ifzUJySxzGXv}zcs{evyZ"sawRBodsQtuz6LpxzN6zgL{.f{GxtjnRr' +
        'Izl*5y^mz"/yl4rNz&+yVWoUluAStQu)#njr7opmZttq.pIu)n;m>CzhLzMIm]icssohz$#zecv(q&+k}p5mby]M{00nqm@wWnaoOp|qI,' +
        'w7rVpjqX^wyXZq^oDw"w9z+Pt8zKGzjrtu{%YtQ{QDr+y|5{vfyaHz$j<zLkzZ>zi~rUq|zGmz[U{A_z=4rWy[szr_z@QyzW{vS{,(yy.{' +
        'T%zSiyjEyz~x)xrzIo{F?vr{hzydFz9j{V2yr5{R8yZZc$v%{3R{BezTEz0W{Y]zA"{mMz|Izd]yabzA {M@{e]zI>yRAyzIss{P6y_i{G' +
        'Z{$J{5|z#,z7>yR(t3yrqsZ{hSySTyryz%B{A>zS*zpEk/yyP{0>z]8guz!Yp2umo,zX@zxMyQTz#)yQ]yn9hWz(hzRjzyhv{VmQ{O[{>]' +
        'clz 5xiqz{>Lz;bzJim za/w+yt}{!Jt{{mEyV8z"LwGm|pxqozh8^V{%1km{N.q{yVRynVs6z>ZnWzW=pJ{G@yq;{Gk{d?{Ph{8nzp{fL' +
        '{/RyT,tyn_z.dz<]zJOzgNzu^nl{*+u3{P8z:!zQ t&z|b{.0{mZ{{7y[xzu|b|u+{$HztozE9z!F{$Mzd6/yZ@{W+zOEzgK{Tv{pqySk{' +
        '!Ez.1ztv{b2{vFyjGq4{7-{e5yT1t1o3mH.z Gz2QotqCzH}0zYkm,oKovz}*vvvF{G2zv1{UGzWB{hynFz/xtozdOp+qA{2Xp]ya3Gn>y' +
        'rrz!nn_oCpHPRt%zGoncze;ngq8oTv~p^o;{<(qeqWvM{f}p.zBrzwIyX%yzKuUz;rx!za.ss{!e{|rz<WzqPyaBzdr{ptz$7{(JrMbbz#' +
        'kmNzdGztm{Q-z><ys~mwzykzgO{C$yV:z$;zC!qusjzc"xW{;AqBq{z"jz1PzeNw:{+r{Y9kG{0krJ{tByeZz$=z6AzL)sV{G0L{iDz5bz' +
        'c7yP|n4yn=oXoHouy[ z Dm_p+rYtBPn0zL;zYWztK{&Ylmnj{CUoQlimS{cMHyUOz3vzF[{)qr<nt{S yylz@r{jU{0GnFySjuEz$|h-z' +
        ':Rzp#{(%{=(mDzMhz#Du"zJ=yS(zZ.{ray]"r.r2r8z+Mn3zVOyr[zx>lxl_{ekz6<{#}yQ*okqUyoAz!H0m]z<QyQ7{2R{atn;zx({hhy' +
        'Y,yphzg&rJy]Bzjd{2%zuOyW8yqRzYjzv4qx{Oe:m>yUbtKyt_z#.{gpyV!{)j{XWykvz02zF_zcn{<Y{Mwzq}y_Dyp8z*Zm|xwzGhzwP{' +
        '.pyVjkRtNoNvvo$rMobk~Zo|wHm}q,m@oazJZ,wEzl7z|rsPq*ohnIqmqgo$qwx-r${kNw"m>yQbluqAp|ylarWxhpL raxFm,m|nmyZiz' +
        'y|upni{BUp=S{WGv=ycs{i5y_~ees#ypMz3}r}zZ,zj"t {Uiy_(zJ%hxyn^z!1yrAz:s{"vy[Zzh;z32zn5{r uLyn(qCz8#p#wcyf%zB' +
        '>z!:{(Iz<!{ryz=/{tiz>2yR[oJvpz.NxCzJ0{OoyUNz}V{{PyPvz*izO9mr{2(ydjz:q{qpz 4zu_y{^iO{7gzNa{1BzqM{%oys*zxBzH' +
        'Nzi9y_>yqmzVVoKzk<{fD{wdz@(yuXjtyZ|rcm5z7izhT{PDs>{vQys}zZ!b yZ!z?Bz{bM{g"{{Kz3AzC*{,?yrsq0zGvz](vbz{Sr_xS' +
        'yYez:o{{lzhez;Ky_f{kVyz1z-,zx3{G9yg0z(uzyf{aky_h^+u<yqgzY[{#S{UOz#RzkCyb1z$Jzy^{3gxXx+{fuz=#{3i{]Pz)lk~zJ>' +
        'zg"{BBwzyfnyTNq.pNnoyxlswqznKrMtvn:zN~iZz]C qOwL{<Rpv{Q;ljm){e={8|yq_yR=n:hF{A:{ND{hwyX:z!cys&qzt@z1[@n0qr' +
        'rimStvp]s}u{zs0{!am;wxmE{>FpQt*rT{dRs*z+&n~zF&o_nZ{"EPzM1{!Z{9KoKz;N{.6{iEhLzKDzz_{/h{TGyR%yb!y}IzEUzS4{4*' +
        'm$uay]Fq;yztz;7oiz_[mBon{<L2{UM{e[jqz$]z^8zsL{/yz1 zdJy^JzKlojz__o^tSwT{d[zs^{}hyUWz*ux({5^yR;Hr$dHv4yyWz6' +
        'Nt)zM-z],tfozrjsj{*f{B&{QoobxypTy^]z{tyVruRz<#zM<w2r]{)9{N/{dz{tnrAzaYyoBzLhzz,{iiyS=lulxr$ney~Wr[z^ezo-{+' +
        'n{VYxTlb4{{(n4z9GzFky]4mQzUY{<?z"Rp3oRzQ#q}zwOpirvxP{PrtJyd7{r<zE#zTx{GKo:{fOy^wytxxZZz:]r_8vapVu8mazvZwAm' +
        'B{88{ReyZB{{#zow{$L{YC{B+yVtx0{A!zFa{GM{%nz)2z<-{y;yRNk~{t${@z^"k#z?{zO7zm@{&_~ Lz#9yQ $5&$%""4!J"{FPyR?{)' +
        'ez#:yRC0} !.""8k~kv!k{5&/kq82ltkSK!kykoO2&)kbkm&Ak[70p3hM+kn*"ku)ku4 U.kk6kzk^iLnCK("kOkpBktl_#z:HyW>kzkw2' +
        'k{6,(:kjOk}7 kh/4(&(ku++k{4kw 4k~k~%&9k|$k~# 2ky(.zs{yZ> #2!ykIyZck|%!!! .!k{&} (k} k}$((#2${5Vy[d#"$)%&)k' +
        'y9"#$%6kt& 2ku6*kt*,k}0&k}k]7){OQk~y^o /kx,,*&$"{k>y_E3!" -!zc{y_t"k~%$),!!$(%k~yQ(yaR#gxp9+$yqcyb(k{+4*%k' +
        '~)!%-zw"{eRyc0z:AzXmyc?ky$-&]"kk /kq(krksQldke9kN2%kxBkh$ku.,kuldkX6kl&8#k^"7ka:k}<- I$khkpk~-kglz&CkhkaNk' +
        'h1 k_kzJ]kfifnD5kY":%0kK&Fk[ARkj:kd8(kolckb?kgk~>k[lx!zX]yi^!k{%SkxkHl_k}<ky*6kskz6)(k}.ky$!k|(%"!#7+&k~$$' +
        'k~"!%$k}hBod*1 6kl$/:lzkEkV>**-3kp%%3".k} WkI-H.#lxk,ldkhEzGYyoSkj],Tke,/DkZk|ku7.k}%!k~-kv(kz0+k~!} $(%+z' +
        '>}yqp& $%%zsSyrBkzk},k}*k}&$k|/)<yT[lpys4/4Bksk.lo lnkykq+kl1FLkZkk L(PB!-kvkzFks/"klD 1k~+<jyl},($!kz1#$ ' +
        '*#&"!"z6=yx?%"C2+#!+k{4!k{k{&%$%k|2! $%-!%0 ($($k|k~iWnf!yQuy{&"3$"cftQ0kz%kz.kx)204k|krmfj7A*!lhk@k{ku".k' +
        'wk~k~T%k{k|A&"1k|k}@kz/!/kPG$-#%k~#$0&"6/k~kw*; -k~k|.)k|+"!kbN #{{Mz!fAA %(k~&-kyk| &k~& "$!k|##%$%lwk~k,' +
        '%$3#+)&#!k_B$ !(,%#,k~k|+k})ku7kzk~(($/:Ekh4kxkkn?j$Blbk6kv9kdCkiky6kzkhK@kfI-kgkjk{&6k^Ak[Jk~kmH,l}jw7ki7' +
        'kz kz5kclykTHkrk_isn6)knCm:kEkpko )ks%)>kWku< Ykvkik~Cktk|ko()$!O#k_} 1)kzku,kmk}kuBDk|kpEkg%ko&:">k}k~NkN' +
        'kz"ks1{!Nz+x9k|3#ky+k}k~!!( #k~(&"")#!! .-0$kw$(4%&kt4 "lak,1lfkyki4PkDqef=4kok}kw$kQNlfka"VkX%kf%l~km/n8i' +
        'jljkwkqKkHMkkky66k3k}lxKkT%=ke)DkKlu>kO-30nPi/1kfl{(&kUnEjDk}2#k]T>kwkr!ks=kiOku{)Zz4M err0,l_kGk}k}(%k|;#' +
        'kh?k~() !k~!zd0z5Y.k~kw+%k~5%* {D&z6P#,,,"kz"(%)k}& 0p2h)kxkwp)hS k}kgSkt$kw=k~&" kv".3$%kzkz4$Dkw0ktk}(ks' +
        '>#%j8mn"&$!8&(( {fUz:u1kv+kvk~/8!kx* EkfYkPkmBk~;kzkcRXkBXkDVkLLkyk~$,kH5kwAsRe&Hkb7-kd<m*jQN*4(@ko>kf)k}k' +
        'gr#fTk8ldkj:lxjWkpmHkFlakMlm#k8Kk>&3kmm%kYkqkP,lekQkf/Y!ko)k}k!mzk}kd<krkhJkokH[kF<kTQk|k~Dkhlkk{Bkn!2kj0y' +
        'yQzB/3k[(kcmLj</k{kx?J*:9kcnvi#kxkt>k)m2kLGkT?(mvj;koQkEm+kAlekL;kv-kakokim3k|3kc> ks{4vzDj(k~kukzkxRkr.kH' +
        'P01*{4uzEK8#{qZzEr9k~zhQzF.{k?zF<k{%&)kz&#!7 % #k~*+k|)%% #"k~!#$*$(,-k~(k{{{OzHE+ &)k~[kv-(8+-kf:kbki+?k}' +
        'TMkaki:km8kN"-k{A4ki1U{;%zKakt2kzk_<k}k]kylzPkNku?k^U&rHeFm9<ktk(2?kO.Fkqkm<kikrUk]+kp5#lbldk=kjl|klk]kdlk' +
        'k=lnkTkODkv4kSnDiS;lmHkmQkm<kikq5kmB k76=kZmikMoHh1,%ldk0lbk;lfjum7kRkcmTksk})k~knkkm^jS5kykYV"Qk lpkok}"5' +
        '-kcUku7kg#9k|klN!kn7ko.kn=k~j3mpkz&1.ks?2Vkx=lek8,kzkzQkk2k{Pks?k|lokoSk[k{ki*6Cm1jd13#Kka$4kv+ky2,kz.&k|%' +
        '."+-$k~#!) " %$-<*#k~%+#,$2kx1"k}*#0k} 8k}yVTz]#kr2ky&7kzkyk{90 {{kz]f3k}((k|%k~lqkj;kl$E)kon-j<m/k3kPZ(;k' +
        'i@kykg;-&kr&,(-3)C$$iRnX"#!$#k} &k~-k~!&!k~(k}+(%0()k|k~2kj4/kz"#!+k}0 kl6k~kx2%"(k}?kp0kq(kz#kt<k|(&*kz@ ' +
        'k|$kn*kw 8!k{6(kx} !0k{+, k}6k{) %} k|$#!#!##"$""(k|% 6##} (+)k{,"#!"{50zhr-k~k|Ekzky& kt< /3."ko*:k~kz5k|' +
        '%/k}2%"%k| k},%*"!&+.0%o i/nuiPllke2ku>kq72kt$Bkt$)kik})$BkzkrCkv3+k~(3k~5@kv(kzkzk}G$+3*{}#zp?#$% /,2$kt!' +
        'E$+ &k~j:mx*"kx,4kq8 &{}xzrM)#+/k}"k}3?kg%/k~kz{QvzsH""!%k}% "# #&"2-kzk{Mkd $7kr.:Jjellk;ldkxPko/kr) kz!O' +
        'kz&km/k}kp&k|kK]Rku+"kd27,H"kOk~m@j{&,k^#@kukhM#"kt8ks2/kv1kzkp0(&$kq/&).-4)kt)ku&+k~k~k|+#"$k|6ky*%{qfzyH' +
        '"!!#,k{:kxkt[%kb#-ku1MkbkwDku%k_4PkukOTkm>?kskt22kukmmWj>-MkYkf1H$&ky=kvknD$9k}kp?kmki!7D@kRky#*kskz(Mkukx' +
        '(kz ?kpk~3k~(j+mo{OWz}j) "%k}" !kw- mc!+&} ! #k~#& ( k}1*#k|$k~$(*k~k|),"&kt(!{Cl{"> #+k~-$"*%{k-{#"k}&&% ' +
        '"$&7k{/k{,%!$"%+k~k}%"#!$!k~6kw&3yZg{$oO*ks#kf6k{Ske!J.ky,<{db{&Okw5k}k(m:k|kv ./$!ku!>kt/k~k9T6&$)ky$"!kw' +
        '/##(k~ko2$ &3 "" "!"""%3!-kz-9k~$k|$$k}%! k@lf% %/$9ks<kpU!k{krBk~&m_jIkwk}kdHkSMkMm k~ka<k~/kx7ktkik{kk m' +
        '250kt"ksjhm0kx"kqYk;!Kkh?lo?kUkbO%kRSk3V0kV2;5k}jxm@n7i*m7k:2o+iakrkslek>4kfkZkelf*k9mZjslz%k^Zkskm?kukp$0' +
        'kHmEk[ktC 4krkuk~kglgCktkokxn*j!*KDkc)kx>kBG&lrjx5kX&2Ykp5ki7$((kv=1)kwkrk{,<kw6/.yQh{5U+(*B0% k_ Jkx5!ki9' +
        'oigwI*+"krk{4Cks!kw"kw6kw#kk1J+kw#ki#kplik~9kQ!Fkb1%kjky0&mbjxk|kbM<kq"0{eO{9<9kn4k~ktT"kmOk}kpkw 7kAlb$k~' +
        '-k~0$"km4)k}0&$#)6k|@kT(Xk:05kz<kj)kj7,/kq2 0# #<)kykwks*2(k})PkX&$ 6"kvkz!4kNlfk}(k})k|$$"&$$!)$)(k|%""("' +
        '! :! *-#+3kyk{/!(1+:kvks!Tkpk~kuCk|!Dkxko4 ks)A)kt81(ksk|-CkI!5kfk|Qkz3kDUky&)3{gn{B}$3ki9+"k~kz-$k~1ks-"$' +
        ')",!# "" mg&k})#!!$-*,!(&k{$" %kg<z,l{G6k|3kt kz(2kxCk~kvCk| ) $k|(k}"{}&{H@k7lj!lt%#!.8Ik{k{5+k{ku/ko? ks' +
        '#9, ku> kq/Ckrkz#6k|!"#kw1+k{kGYkqAk{*$%k}k~&k~)k}"$1kv+#6kj-&""0(9k~ko3,kz0k|&ky)"k{kp:-(k},k|k{.k|k|()$%' +
        '} X"#*!(C+k|($m^jF1ks 7#,kk1kwkt</k~#k<lz}!k9[kt8!%*&&{e {Qe0kz#k~*k~%9&!#M!z-9{RrG0&9k}:,!+!#*k~9k}kx@)#k' +
        'z+k~%% (!$%)!kyAkx Hk_58khk{lpkxkm#;kclpk&,$lokyk|(k<m:kik}RFkjlmkikj)kw)7kz%A#<kqkgl}k{ kfE= 1k|krkj:krkw' +
        '<Vkyk~ko#)Fkt*kk9&1kq7$!k{,efr@$!%kZB!"k}nn$"*!! &(k~%/k~k}$,zS?{bP*k~)k~!%$#k|lb&% 3*"k{Lkd!k~!&,kyA+k|!3' +
        'k|* k}#!! 5k|k}#{=p{eUQkED+!!+kz"k}&"+%%)# %!!ky&3##!!y_7{g,%(,kv$kx,$# ,,k}k|0 /"!"11{}({hWzsb{h[k~:k|Lkk' +
        'k|6%))k{@#} "k~W$!$.k~"C!8%)!#)k{ %k{,!/ #&k{+kz% ky)le -( .Ck{!kzkx< " )k|).kukZW2,.k|k}"kz7kw.k{(""k~$!k' +
        '~lf",#/!! * " ")k{"%k|%#+2!$" !!}!# "2k~,k} "&<?ko.$ ( (,,*kn-)! 1k~!ko-l|k5k~k~Ek~kt*kxky!*kwkyJkl*k~k|/7' +
        'kj4kw<%&/!m4$#9k~kb8"Dk{mNjMk{EkNk|Ok}k~(!5 %klk~)97k}DkA+@*$)2k|kyk|!,)kr7kyEkm&!.= "lz###&" %"k{,(#/kq"{' +
        'g!{{^!} #(!k~"$"&$! !!} * zh,{|J,+2,(!/k{} $ $k}-kz#?&#yo0zB,{QJza^y[UzWt~%$z}u{=={YYiw{1MyUlzULz8.s4{Xhz:' +
        '@z#tyQ9n!;#"V=]kw0kyYm8kakZ?HJkOlum$kcm7:YANImL*:;E&=lqA?K|(Tmye5km?lymLq(,lj<k~|(Tn ypC4l|lk(!%ld6pMm/zcr' +
        'yyA4RmM4[RL|(Tpy};Kln 7o_3SlsGmDH$lwkvlnkO?Fkxm-m@mXo]m0l_QmEmy5FkKEko%ldkq!|(Tqz8rF&2-[4|(R>z;Olxm]jGldlf' +
        'mP|(TrzA)|(TszAYlmlq[kXM+m)!n[m.=Jkhm0JmHkgG6CIky*l_CkH5mHn2Mlc0!Am!Fm)ktl{ki |(TtzX>l_mz-m+|(Tuz^(li,--kn' +
        'UkmQ#k~$TG6m&m3n~:!k|+|(Tvziay^rzl%M66m}|(Tw} zp)|(Tzzp0oC6|(T{zsnmz|(T|zzE4l~khVmAn_l}|(T}{,>m%=lkOlum1mf' +
        '%2|(T~{3k|(U  {:<nWo*EleN7A|(U"{BKm!Lp!#>m)|(U#{M0|(U$ {QXm<|(U&{SN2mzk|&/ ku A*kyP%k{2+kwkgNlckM m4ko!kv|' +
        '(U({XB+krluk{kW|(U){Y/k_>kdm3kflpB8:Y4"oW|(T9lp{dt2mI((*!!#nm.|(U+ {kz|(U-{m7mwmP"m_k|=B*lhp kz|(U.{ydn ~ ' +
        '"|!!$}(|(g"!iXkz~7M|!!$}(kf}(|(g"!iXkz|!P_|! &+o z}u{=={YYiw{1MyUlzULz8.s4{Xhz:@z#tyQ9n!;#"V=]kw0kyYm8kakZ' +
        '?HJkOlum$kcm7:YANImL*:;E&=lqA?K|(Tmye5km?lymLq(,lj<k~|(Tn ypC4l|lk(!%ld6pMm/zcryyA4RmM4[RL|(Tpy};Kln 7o_3S' +
        'lsGmDH$lwkvlnkO?Fkxm-m@mXo]m0l_QmEmy5FkKEko%ldkq!|(Tqz8rF&2-[4|(R>z;Olxm]jGldlfmP|(TrzA)|(TszAYlmlq[kXM+m)' +
        '!n[m.=Jkhm0JmHkgG6CIky*l_CkH5mHn2Mlc0!Am!Fm)ktl{ki |(TtzX>l_mz-m+|(Tuz^(li,--knUkmQ#k~$TG6m&m3n~:!k|+|(Tvz' +
        'iay^rzl%M66m}|(Tw} zp)|(Tzzp0oC6|(T{zsnmz|(T|zzE4l~khVmAn_l}|(T}{,>m%=lkOlum1mf%2|(T~{3k|(U  {:<nWo*EleN7A' +
        '|(U"{BKm!Lp!#>m)|(U#{M0|(U$ {QXm<|(U&{SN2mzk|&/ ku A*kyP%k{2+kwkgNlckM m4ko!kv|(U({XB+krluk{kW|(U){Y/k_>kd' +
        'm3kflpB8:Y4"oW|(T9lp{dt2mI((*!!#nm.|(U+ {kz|(U-{m7mwmP"m_k|=B*lhp kz|(U.{ydn ';
    // JIS X 0212.
    tables['jis0212'] =
        '~!1swknf:qx#eyr$k~|(eW| *k ~ )c{$9~ Gkzkok~$|! 3| !k|! &~#v| *m!} @~ !ka~ !!=~ !kc~ $=}!;kC]ku+k}kd>~ DT})' +
        '! ~ Dlf})! ~!"a~lm~ !6~ !,~ !/k}~ !+jim?~ !4jQ~ 1(Kk]W*!$*k})!k*l~jgmMjr~ Ok@k~#k}lcn4ij#k>k}lf!#k8lf#k8k~' +
        '"k~lsk{k{%~ !#!#k}#k%k~"k~nlj:ky#ky,!"#k}(#k}jg!k~#k}nhjXk{jdmD#k}#!#k}%k}jQk~"k~mVm,jxky(k{kym4#k}k{jzjBm' +
        'bk}"#k}~ (j?k~#k}An4ij#k^k}D!#kWD#kWk~"k~Qk{k{%nEi^!~ !!#kEk~"k~nK~ !j4#ky,!"#k}(#k}k(!k~#k}nGjXk{k$m$#k}#' +
        '!#k}%k}jrk~"k~m7m,jxky(k{kym4#k}k{jzjc!m="#k}~$0yPq! &%-# #""} $+ ""*)!&$ + #%.) %2**-* $} %&!!!(}!! $" %"' +
        '} !5"OkP!!!!"!!% ! %!!!&#&!!"%}!" " ! # !!!!} "! # 3$!!}!! # ! !} !"*#!.!* !} """!!!"# "}!#$&!! !+} " #!!"' +
        '} #!% ! " """ kGli! !##} !} !$ !}"($ ) """ "$!!" ## !"!!! %!$##$"} "}!kc>&!!}!$# # !!!} " )($#!! &$!8$ &"*' +
        '$#!*+!!! "%&!} !"%#")#} "* "- ! !*%) "&)#,! !!"} $()} &!"$!&!}!!!(}!( %} ! !"#!!#"!"!$ $#"} !# "! )"&} $!$' +
        '" ! %!} !} "!"&} #*k~.!%!!& $&$$# %$ $##"% #"! ! !""$*" !$" !% .-1&&% !$!" . "%!/#!! !!! %+!!!" ### %"!$ !' +
        ' " "%!} #&#" 2*!"&%!}!#" "} &5 &" $} #%! "" &! "! "!9! #!% !}!", )$-!!""! !"} # ""#&-)%"!"}#&3#"!!!!} !} !' +
        ' !"!!!$*!}!""#!! "/ "" )# "} &}!!} #!#&&#} # k{ ," !!"}")ky!) * $"!$#$ !"!}!# !! # )} % % $0"! "!}"!} !!}!' +
        '!"!)("! !}!!ks2} ",$* #"%( %! !#"$ !$} # # kUK ."} % %$&%*" ! $*!"" 0#"} %}!! ! #!&"} #"( 2kw%%$ !!!!#"# &' +
        '*2 $ %} {5Byqh#! #& "! )#", %!!} !!(!!"" "! / !#"!($"%}!"#"!$! #!"$+} # "& ! !")#(} # +$ " !""4 ! ##$)$!!%' +
        '*" "-$""""!} !$$$} !"! #$!!&+!#$$#& &" &/=kd!!##(+)* %#(*% -}!!"!##! ! !2 " !! $"!# ,!&}"%/!")/+& #""! !!!' +
        '" C !% #} #"# $}!* !$"+! ! "#(! $/!&+ky7" !-$&$9kw ! *"$#!" "!-k{(kp5}!!%"") # !!$!(}!#!# &#$## *##$k}* &#' +
        '$/ &&%$! "& .ky*")-$kx($!" !*!}"!0+"4! "!!$!*} &%k~"" ! &!&%7#} %+" #}!#" !!#!$!! # !%"##"$" "("! "!" +#!&' +
        '% $$#kx("} &,"} !$}"*" %} !}!" "#!+""% " !$$)%!+&} "$"! %#%*- "#!!#"!!"$ #! "( %#"#!#}!" $ #!! #"-""# $$"!' +
        '#}"! !"!#( $ #} !(# "5!,%%" "} ! &!$ # # ! $"!"+ "#} , %&}!! $!k{& !2! ",!&#! #!!.#$} !%#} !!#!()!#&"0}!6!' +
        '+" "# $*& #0(!( % % !"""!1 "( ""$}!!# "#} #"* % #" "# !"!""%# # #%!&} .##"%"!} &#$$!% !" 0 %!!#%!!! # $ $(' +
        '!,#!}!%}!!} !*% &!(!(} & !!!!!"!#&*} $$}!!! #!- # ""$!##!"#} $# !"!" "#"$")! %#!&!!+ &#/"##$(""$"""(#} +"%' +
        ' $!#!!&1!! #$} ## ## " & "}!!"}!!! !%k})$ #!$k|)} ! # majH} 2kt!*kw} !$k{/} "!&}!" #)# "%# ! $#! $&#)" !,+' +
        '!&$%"#!1+&! #( ()%!%!$%"* !!"! !5} "%} ]kD! !" )$!"$$*!# l~k?$#!)k~$ !} !(#$ $!)! "0"}""#}!%!!!.!!!$!!# ##' +
        ')*"#"} !""" ("!}!" # $} )" % !" :!!""&"#$)#(}!! "#} ( # -$#!)# !"!!( !!)")$ +") !!!)! !,!#$""##(!!"#" % " ' +
        '#!} " $)""&!+"!" !!%*!} %%#} ")} &"k~###} % &"$#} * $ " !%} %#"%#" "% $#&#"$#!$"&#"!$( #"2## ! $ "} !( # $' +
        ' $"*#&!" &"%!%"! ## !!&%&} #!$! # #+ !!"!$! /!!$!! !*} !+ ! #"1!!.#&!}!!!#!#&!! !#!0""# !!&,} ivn0 !(""8& ' +
        '!#!( ,%$* !!} 2!("!#!$#!# &$!! !"#% #!%##:#$+#"! ( " !#!}!"$} # $+(!0%%&&% "!(#} !# !"} <! +!!&#!! )!! +" ' +
        '$ ""$ kpB!} #! " " %#1 $# "} "!} !#$ $}!%} $ %)! !0#* &$#" "$} %*)",$"!"& #}!) ( ko6 &!& ("# .}"")&$ ""3&!' +
        '}!!#(6)}"# "/!+!!} &)#} " $!$"!!!(1&$!$%( $!- ! &$} "& &"" !<%!&} *#""!$&#$# (} !)} "! #!!!"$"" !% " "$$# ' +
        '$(-$ ""*"%!") !&%. % "#! !#!$ $ $#!" #$ "$ !%*"!#!$}!% !! ! !%!"# !! (!"!! #!} !" # !(!!" !% "! "" ""##!" ' +
        '!+ !!} !!} """&) )!!}((&" ! #!# $%$#} "! " . #} !%}!%} !"} !"!}!" ! "#!#) "#"$! " $#! #$%} "&,# ) ""! $&"#' +
        '}!"# %!!$& !.!(}#"#+! !#"%!0%$} "!%! ($"} ""$! !(&!} " !!"" ! "!}!$! "#$ !"} !.ku !} #!*#%$ (} !"-#& (%} !' +
        ' !}$!"0###! !%$&%!## $""#%###! !! !%%$} $} "# #" #"} "# $!} !!""!#!} %""#( &} #$"$"# !#)$%( "#$} #!#!# "#"' +
        '* "# ",#} * !$!, " #!#*!! ! #!#,#,$$#)k{} $## "}!(!!(} "!# ! .kv#} $#( -ku " #&%#*!!} $!!##" %!!$} # #!"#"' +
        ' +!!&&! !- $!}!!" $& !#!"#"&!" !$$!#" !!"$ !#&#% #! !$#%""%#!! # "} * ! #) "" ! $!""("%!!" # $ "*!")&!#! *' +
        '""!"*- ! $"&! )-+##!} !}"")!} %&&+#!" "!" #-$$! $$"!$&" !" #}!$""!*! !} -!(! "} !!"}!!"! ! *!$$ !#$! !" ,#' +
        '+k{} %}#"!#!# !!&" ) ($*!%*% "} "$"} #!#} !! ")"!*.#} %!} "& $"#"#+} ! % $#!#! ! (!"%(! #!} ! !"} #$ % ( "' +
        ')" !)}"%} )!Gka" # !## " .( #!$ "& # !#")$ !&!!%&! "%" #$%"$ ""##"!" mek~!} # "(" (} #!}!&#,}!+!!} $ $$ ##' +
        '"&(" "$% ,##!"#! "("} ( !"} !! !&}!#!%!!# !! !!!#<#!&##,&%.!( #- /$!"! ! (- !! "" #$(+} #!!#"$#$$!)!"!%$) ' +
        '%} #!(*/ks} $"(!""#,#!&0kw!$# %!#! ""& #} " ! #! ",# $ "# %*!%)}!$" !$%#"#%&&!!} ! "! #""!!! $ ! "}!#!!!""' +
        '!! &*$$%!!#!"!& % ! % ! llkD!} ! *} !"#"! $} "% "#} 9($! !!!&$! " !} ) !"2} &!%} ")jOmZ!,! "$$#$!##jomG*,!' +
        ' !"!! #!} !## !"%" !!# ##- !)(!} $!"%" !!$ #"#)+"$}!$[kE !$ #$!!,!#}!!" ## !)&)}""""}$!&#*} !!!# "! "#$$! ' +
        '!"!-!} #}!"$" "k]K!$ %!$%"%" # ( !} % !""%!-!!! "!#, "}!#"}"$""%} "3#$!!!$$} $#!} !} %} !!, "!"!#"!!j|m7! ' +
        '& !#"} " $$ !!$% ! & !} !"!(+$#" *! )(}$! #"!!} $!"#$} "#) !&} #& " !""} % !#!$!$!!""} $)kx} #!} ! )$ !!"$' +
        '!$!!"}!""# !!!" #$((!$8!} " (!0" !*}""} (")(} #!*$&} % !} !#%} (} "# #!!" "%"$"} $} ("!"!$}!,#"# % " $+#}!' +
        '$8}"-#!!#!""#!$ !(! ! )!!!!$ "%!% !"!!!# $"} # ##!.} !} "} ""$# !# !%(!$ #" #"$"!} &!} !%!-##} %"% $%+! kj' +
        'C"&$%}"!*} $ks1$*)! "!"" %!!$ &! m_ # &!!!#!! " "!k{* !! #%! $"( #$! %! (5 + "!#&k~###&#" !"! % !!%)$#lm#"' +
        '!1"!#$" #)} %$ """!!!$$}!!#"" !!+ !$#kIU !)#"} $%"!*}!" *!"}!#" *!} $&}!" &" !} (} & %&!"$ ! #$!# $!$ $ ! ' +
        '"(!"(,%! %! kr3!$ & %} %! !!! #} %}!"% !#(!}""$ &X" "} / !%! $# !"! !+" #%"# $"#!##,"- %kz! % "(# (/!$# $#' +
        '#$,"" !!$!} !$} "+!} !&/kq$} ! -!} " !%klDkt# #*} #} !$"#!} !!!!$k| #!$ !"! ! ! %# &##!} %""%&$} %!! ##"!}' +
        ' "%"$!#} !}!"$} !" !. "! #% # !}#%!!!" "}!! !#! "!# %}!!%} "! !} !!!! " ""} !& " " #!} $} $}"!} !)} " #$!%' +
        ' # ! "#"#!!}!!}"!}!"}!!"!!} " !} !!! #!!)!# !%$#" &}!!" !! ) ! 0} &} "! !#% !! "!} ! !#"!}!%! !!""""""! !!' +
        '")} #kn8"}!!}"%%"! "# 2k} ! !# !# #} %} (/ !}!&#k}%!"!!)#""!!$"!} ! 2k~n_ $%##} /} !$"! (!#"!&! !$}!% "}!#' +
        '!W #!} %$!#}!! #1!!} )-%& ! !}!$($#"!$} "$ #&0(y~O{eQ!"} *%!)( !#1 !#} $)!.!&# %! ! (#"#$"} "!! ),} ! # "*' +
        '!" " !} !! !" !! !} ! ""} # !kz%"+!"" !-"/ks %!%!!""$"} ! !ko9%""&} " ! ( ! #!lb! !#" ! #"""#5!!} ")",$ )#' +
        '} "} ""# #%}"#}!# $} $ %# ! !} [!!&*} "# "!#%* $ !!)"} ## ## #} & # $(!!} "% $! !/ky"%} !""!&lp!! "!} "!" ' +
        '!!"!%!!"} # ## !!"% !# "!}$" !}!!!#"! #%$!%} !! "+" )} #""!! !!}"$!!} % #}!!} !! #%" ( !"#} $ " ! !% %!& $' +
        '!%!" ###}!"! !)#!$!} !!# "}"&#} %#!} # #} " !!"!} #% kq/k|%!!"!#m0,$!2kv/% #} 1 !} %!)kw$ #") +#k~"#} $% #' +
        ' !$ !#" # !}!))!!"##""##! *}!"#} $!!!"!" *,kw$&!} " "" m!} #!}!!& &!""%##!} "} 1!"**$"$} !} ""&" %%}!!! !}' +
        ' #"## #! !"! ! !!!}",!}!!" * #}"!!$"2}!!! &"} !';
    // The two bytes of GB 18030 in its edition of 2000.
    tables['gb18030'] =
        'yPq!} )"$(} !""$ !!!!$#} !!#&#!" &}!! !}#"!}(!}$!"%% !"} $&$} "!}!"} *#" !(} #!# !#} !"#} !!!!}$" %}"% #!$' +
        ' "} "!!!!!"}"! !}#%!!+ #!! ! " "!}!""} "} "!!!! ! !} !! ! !&!"}"!}&!} #}!!} $}""!$!! !# #!!}!!!} !}+"! !!}' +
        ' #! !!} "##})!!!}!!} "} !"}"!}!!!}%!}#!}&"} ! #}!! !}!!}3!!# !}"!}$"}1!}#!} !})"}!#}!!!}"!}("} !}#!},!};#$' +
        '"!!} ! #} !!}"! ! ! $"(# # ! " "}!! #!"} !!"}"" %#} # !} !"!" !!}&!! " !}#!!" !"&% #! " "} &! !} !} "!"! !' +
        ' &!%}#!" " !!}"!! !} !!"}!! !}(!!"}"!}$! !}$!(}!&} #}("} !} !!!}!!!} !!}#!}!!})!}%"} #}!"!}!!"}!#" ! "! !}' +
        ' !} !}(# "!!!$} "## !!("!! $#"!}!! !# !#}$! !! !! """}!!}$!}!!} !"}"&} ! !$!} " $-%#} !"!#)#} !%! $%"" ""!' +
        '! ! !!"}!!)"}"!!!!}%#$ # !!!!}!"#!# #!}"")!!"} ! !!$!$ +!"$}"& "} "}#!"!!}!"!}"# !}#!}!!# ! !!$!} !}!!"!"!' +
        ' "}"!}!"}"!}!! $ !#}#$ "!% %} !! !} " "!}$!}&!!!!!!"}""} ! "} $!}""!!$!# ! "!!}"""}#" !"}%! ! "} " !}!"} "' +
        '!! !!} !}*#}"! # !}"!!} %}!!}!!}!"}%"}$"} !}-!})!}$!}!!}+!}&! ! "&!}#!! " "} " #} "!#}/! !} !}!#% !}"# !!!' +
        '}!! !&}"! ) !!$!!} ! "} "}"%}!"}""}$!}!%"!!"} !!} !}&"}$! " !" # !"} !}%!!}!!} # ! !!} "} !!} !} !} !}!!" ' +
        '!}"!}"!}!!},!}$"} ! !} !}"!}#!}""}/!"!!} !}%"}""} "}%"}0!}!!} !})!} !},!}#"!! ! ! !}%!! !}"!!}!# "! !}!"!#' +
        '#! ! $!}!"! #! "! %!}"!! !}+"!"} !} $#! !}!" "!}!!}!# $ " !}#!! !}$!} "}!% "!"}"!! !} !}*!!} !!( !}!!!}!!}' +
        ' ! " !!} !}$"!!}"!} !}"! "}(!}!!}$!}!! !}&$ !}!!}0!}$"},!}$"! !}"! "}#! !}"!!!!} !} "! ! !!}"!}5!}*"}8!! !' +
        '}%!}-"#(! % "!} "!!}!! ! "##" !} !!)(} "}!! $"} # !$}!!} !"}&#! " !}"!!}$% !! !! "}!!! #!!"}!!"!}!!}!! !} ' +
        ', ! $ $} !} !}!!"!"}$"!}$"}!!"}"!} " " !(}""}"!#} !!!"}!!!! !}#!}#!}#!}$! #!! ! !}(!}#" "}#!}"!!}!! !}"!"!' +
        '} "}"!}%"}%! #})! !!})!" !}!!}+!}4!} !}7!}+!}$!}+!" " %! "$ !}"" #"!} ! # #&}%"}"" !}"" #}!!"}#!}$"}"! ! "' +
        '}-#!!$"} !" "} #%"!#}!#}"!}"!%}!!}("}## !}!!}*!!}&!" !} (} !"} !!!!" !} "}!#" !!!}$"!} !}-!"$}!!} "!! "" "' +
        '!} !!"} #"&} !! !# !}!!}#!! "}#!!}!"}"$ ! "$} $} ! " ! ! "" !} ! ! !+} ! # !# !# "} (} !}"!}"" !#}$!! !! !' +
        '} " !}!# (" ! !&!} "}!! "}!!!!} "!" ! !! #!"!} ! "}%"} "}"!} ! !!""}"$& "! "}""}!!"} #}"!}!!}!" ""} !}1!}%' +
        '!!!! !} !}$!}!!}!"}$!}!!!}1! !}"!}%!}&# !}(!}#!} !}"!"}""!}/!},!}&!}#!!* $"} !""}!!!!}!" !}"%!} #$ $} ! !}' +
        '$! ") ! ! ! !#} !}!"}##$"} $" ! "}!!} !} !#! !(#!#( ! "% $!""}!$"}!#}!! !}!!} "* !"} ! !}#" !}!"" !&}!!}%"' +
        '#} !!} " !}!" "}!!!}!$!#!} !!}$!"!$#! " "!!!}"!! !} $!} !}$!"!}"" !}!!!!!}!!$ !}"" " "}#"!"}!!} !"}#!}"! !' +
        '!! %!}$!!} !}"!}%!!} !}(#}$!"!}&" " !}!!}"!}!! #!}!!"!!} !! !}$"!!}!"}"!} !!!}7!}%!}%!}"!}*!}"! "}!#"! "}"' +
        '! " ! !!} " !!"} " !}!"} !!! !}-!} "} "!} !!" !! "!!!!"}%! "} !$}!"" !} "}%!! % &}!" !}"!" !} !!"} #} !} !' +
        '"}!!"}!!!! #}"!! !!}$" ! & !}!!! !!!}"#} !" !} !} !! !}!!}!!}!"}"!}&"}"!}"!}!!}!!}8!#}%! !}#!# !! !#}$$! !' +
        '} "!} !!!}#!!$!! "}!! ! !" !" !$! !}"!$} ! # !""!!}!!"! ! !!!}!!}!!"!#} "!""!" !$}%!"}(&} ##!! !} ! ! #"}%' +
        '!"}!!&"!! "}"!} !}$"}$"} # #(#!!"#}(+!}%!"}&!!"}%!} !} !}(!} #}!!" !!}(!!}#!!!}!! ! !!}"! !}(!"} !} "!}!!}' +
        ' !}"!"!!}*"} !}%! !} !}!!} !! !}/! ! ! "! ! !}!! ! !}"# !} !!!$} !}#" ! "}(" !!} ! ! !} !}"!}%!!!!} !}#!} ' +
        '"}*!}!!}(!!}(!}*"}#!!}#!!}!!!} !}$"}"! !}%!}$"!}"!} !})!}$! !} !} !}&!"}"!}%!}%!"}~}4% !}(!}!!"} !}!! "! !' +
        '}*!}%& !},!"}!$"#!}!" !} "}"!}%!}%#!}$!" !}"!!! &!!}"!}%"} !} !!} !} !}$#}"!#$$} !"!%} #!" !}!! #} ""}"!} ' +
        '"!} ( !} #}"!!!! !} " #"" ! " "}!!!} !!%#" #}!"%}!"} "!} ! %} ! !$! !" $!$% ! ! !} "!} !}!!# !}#!! " ! #!}' +
        ' !$ !!$"#$}!"!!! ! ! "} "}!! "} !}"! ! " !! !#}"!%"& " ! ! !}#"} $} "}!!}!!"} "" !!}!"! !!} !!"}%!}!!#" !"' +
        ' ! ! "#} !!!! !!} !!}%"}%"}!"!! !} !})! !}-"} !" !}""}$!} ! ! ! !! !}!!"!" "!} "}!!} !} !!#! !} %#"}(!}!!}' +
        '%!} ! !}"!} #}(!} !}!#!!!! !}$!}$"} !!}(!} !!} !} !}#"} !!} !!!}$!} " #}+!}!!}"!})! ! !}#!!}#!}$"})!"}*"}?' +
        '!}%"}$!}/!} !}0! !},!}*#"}!"!} !#}!!} "} !} !# ! "}+%!!} ## $}!!!}+"!} !}!!$#!}$!!} !})"}"! !"#})!}%#}!!},' +
        '!}!!!!}+!!}"!#}"!} "}!!! !}#!}"!}!!}!!} "}""}$!} !}#!!} !}&!}(!}""}(!}!!!}#!}(!}*!}4!}(!!!} "} %!!!}$"} "}' +
        '!!} ! !!!!"} "!}!" ! !} "} $ !}""!! !}*!}*""} !$}$$} !}!"!!}!!! |&wW}~} |!JU} | !~qik}f*|!JX!| |9|(eW| |;0' +
        'kq " |!Jk kr}%& kx | !xF@|!#3kp khk};k~k]OkbmPjYkzn[jbjm"Skjk{ktk^lf. kt k67k~w;k}| !w| |W n9|(dY| !k|(g  ' +
        '| |U| !n|! &|!.mk~kC#k~kxk~kXk~3k~| |bofk} !|!Jj|&x[}~} |!!$}(|&~u}#|!*^}2kV}2kV}(aX|&~||!PM}(|&~} |! s}*|' +
        '(   f_}~} |(dV} nKiU}ymK|&ze}~} |!K:}s|( "})h[}~} |!L>}v|( .}%iW}~} | *x}/!}$|( 6}%| +:}/!}$|( >}$|(bB " $' +
        ' k| "}!|( E |(bH kz kx|( G|(b@ |( H}&j@}~} | ,=}#kk5}8|( Q}-| ,^}#<kd}8|( b}+| (i .| |8!00n9#mR}!mA*#O4 l{' +
        's.}B.}-#} G E}!DbE|!Ji+ |( o})| "lk^nViGSkSRkJlfk?nLiQm%k"nHiUm>jjnCiZnF!!!iUkmov|( z| #Q#mxm-|( |}!|!MF}C' +
        '|(!!}3|!Jx}&runT -} "C*" "|(b=pe!|(!7|! 2|!P_|(!8| |5|(!9} |!M=jz m% i=m] |(bV}(!}!!},!}!|!K7k/}*,|(!I}+|!' +
        '+{}l|(!V}-z[E !"}#" * "#}!!!}#!} !}!!#} $ " !} $! ! ! #}!"}+! !!}!!}%!})"! |&j=}~z^"}*!}"! !!! ! !}!!}!!} ' +
        '! !}#!! #"} ! "}!!!}"# !#}$!}!!!}!!!!} !}!!}"|&k?}~z_M})!" "}!"}&"}#! "!!!!! $}"!}!!}1!!$"}+! !}""} |&lA}~' +
        'zav} !"!} !} ! !!})!!}%#}.!}5!}&!!!#!}$"} |&mC}~zc4!"}$!}!!}%!!!!}!#! !}"! "#%!"" !!}!! ! ""}!!}!$}%"} !}$' +
        '!!} "}"!} ! !|&nE}~zdo} !} !"!"" !##}"") " #} $$ !}!!#! ! !} ##"}!" !}!! ! #!!}!!!} !}!!#!} "!# #! ! # !} ' +
        '!# !|&oG}~zft}$"}#!!}"!!}!!}$!} !}%! !"} !!# ! ! !! ! !}(!}&! "!}(! !yg+{crym~z/cyei[k4zgdk8{2QzkO{*uzm6zY' +
        'R{don_zHgyxNyV?z/Buuy{k{%az={{$qz7[zhCy[tz5izX){"l{;^yX?yrRz+uzRX{+Fz0)i;yc>Zzt+yZ@ze-z 5z.k{J@{g7z-}{#6yl' +
        't{fU{!7zYYwtz<]zgOz2myTo{HRz.szqPz6Fz_Bz2Qg4{* {j.z;jzYkz-am"yT1zc#yaSj-z~W{R;z qz>[o"{(-dRz?Kzmp{61{a:yWx' +
        '{Eg{+yfIy_l{=3y^%zh9"!! &!# !} !}"!}%""!} " !! ! ! #!!})"}!"!} !"} !!}"$!!} "!} !}%"}%"{3={etyV!yo!{lhyxdz' +
        '.Fksw<{F_{uFzY&z;Xzm:z(qyaZkC{O1{%1{HJ{^ByVRz[1yqPz)LzVN{<(yrA{,,z:sztMy}!{ (zcpzJ|{L"pClg{|rzGo{SRzt9z$Mz' +
        'mP{1Gm,zGp#k|z BmKzf%{b|z5pz#7n#{OHyph{(q{Qr{d0oa{Od{ G{HYz-2yUbwFja{OQ !miz=8z$;{(E{;A{v3z+4y]HzfWz$=z6Az' +
        'RyiKyy&z2oyZJ[z<QyQ*zp_{lszUDzix}!#"! "}*!} $} "}## "}*"! !!"!} ! !!}"!!!}+!}&!} "}""f*z![z^n{.gz3xg({^VzJ' +
        'iyaejBz24{^ezu^yT,z ]{*+hsm9zN9h7{oTz02yagpO{;>yn=yP|z DzFZzwP{S z&/z4Sz]){<>z;9z->{HOzj){KBv&z$:{.coR{kcy' +
        'bq{6:zG#z)NkzzTn{+hj=yS,zJ,{4,z4:zy2zBdcY{-*ybBzt}yUHq:zKvyzO{L*z1Sybx{,k*z<tzm^z2dyyHm|oi{E(z.[z=${Faz2$k' +
        '7{86{m#{EX{ Q{_7yR]{cAs1z7gz]"zkG!!$}!! !!}!&}#! "} "!#!"!} !#! " !} ! &!!}!!!}!!!!! #}"!}*%}%!}!!}$ylOyz*' +
        'qr{ajyWj{$cyb/z5qzd*yfpyVh{IVz-w{^?z:dyi[zQqz "yd*zU"{Nmz-br.i4_IzR-{S-{)4{OYyz$z8gz%hzIl{c{{IR{;Ez3Zzq)yn' +
        '+zCdz,^yd=yQkzqDz)JzR){Dyz-r{Pm{onzp{ycTzf z/:ya!zIA{P,z#H{oQ{#X{}XyU)yzG{I5{">z6ZzUNyYxm2{5ny|]h*z.R{TIzd' +
        'Y{K$zqYz)dzuByR~{ )zjByQ!{)>y]:kZzC|ybU{LD{_Ip~zO|{d9z@yzm-} !! # !!} "# !!!!!}%%}!!}!! !} !} #}!!} "} !},' +
        '!} !}"!! ! !}#!} !}$ikyX5zk8z25{?OyqMz1fy~|zr]z@ZyS{{*.yg{yQCze7zrvz!GH{b~y]8quzTyz0S{_kym;z8!t[{TfyfDzMfz' +
        '~<{:Wz-#{  ze>{,gzml{eE{OGz*Mzc8{DlzFYy]W{I zEt{$+w4ykda*_9j%v?zxL{TjzvvyUf{L<zvNhLz30y|kyX9{%mzf.zxpzM^{"' +
        'Yz;:yw{mgzmvz3yj>jrjZ{__z2R{Oizt{zfVz-Dyqryd;zFpyX0z-$_ezF}yS<{Hf^ z$V{P}znZ}#!}(!}"!}-!}"#!"}!!"}&! " (! ' +
        '!"}!!!}$"!}"" "}!!}!!} z&9{#Zz.ZyQJya_{S1z19{%+z7?zHmyTCz)OzMR{D}z#h{6rz$#vWyZ/{-Bz>8y[{z0@{KcyVWy{Lzojyyg' +
        'y]Mzqvz({{QDzhLz%,k^zgU{L)zT]zgLztpaxy[n{R(yo$yTKzPQ{P7z5^zt@z[-zLs{"Xyv_z.J_QylE{0OztQz _nm{Pa{ E{jMz0azP' +
        '#zmAzUJyZM{fzymfzcxyT@zc{z!~rHyrMzM1fHzm2ycM{eNy[DVz0hyc[{^4{EDp|zYZzmH{8e{P:a5yc1zp(}$!}*!})!}"#""! ! !!!' +
        '} " ! !}#!} ""!!!"}$! !! !" !}!!"}"! ! ! yPpzhfyc?{^*vx{|C{_tyxa{D?yQ3kyuw{00z+my^kz=<yU8z((y[4zKGyZ1z.+tB' +
        '{d6{F+vZzec{S6zi~zGmzZOm&{E<yo6zj6{H{z;E{a){$[z"/zN6ys"zsrc[{a#zGNz6d{ ?yneyZ%{cPyydbk^L{L/z5y{j,ykU{^>zhu' +
        '{Q2z0fyeax$@gN{Lqz:|{Jq{**y]_z)Qynt{7Gy|={z2yUg{jJ{DVytZz(3yb1z-o{Q@mz{lvz(%{#)yYr{#Pyz {llzKZyRAzqV!! !}-' +
        '!} !!#!}#!}(!}"!}6!} !%}!#"!!}!!} " $} "" {H^yc!{!/_hySkiv{c1zJZz_${4Fz GzdO{"vzBqzka{^3z}*y[ZzUyyb|{P {,@' +
        '{HVzZv{ldzJbyla{+Lz6p{$mz-0{ceys9ySX{D]z~Gz5O{.y{f}ygB{k/{$hya3{E>ycs{$}z"(zJ={Hh{+E{T7yc|zHXy]"z~DylvzVO^' +
        '1zx>yr8ySVz%vo2zxayQAyylz<8{7Ky|E{_PvLze8zV2{Pqy[({ N{DZyr6y[^dzycyyqvz6,{$gyx:z-ilo{O9z!*zH]ztKySjn2z:Rzs' +
        '# "!} "}"!})!})!}(! !}!# !"}#!!}&" !!} "!!"} !! "} !! !!} #!#zL;]zp#{<.z#Dzcnz./{O.yV4{U^z6]{&8Bz"${&Y{IEy' +
        '^0{>KvNyqVyWpg@{cMzYW{(%{HLyy5{D@{cwyrv{ Kye)q;js{E%z5Jwx{^:zhKzOBz!WzcYz;/mPzt#{$_{IGz*#zp[z5u{I4yZ^mW{^C' +
        '{ korfby{HzNDz;IzvFzg]{p^{(<fNdBz2C{a9zqzyd?mbzFAz2%fP{z*{%Xze!y^3{g*{0(z=o{7-{c2mXgEyQ;ycUz~hz=l{JT{#2z:9' +
        'z""{"2^C !!}!!!!!}#!!!" $!!!"! !!})! " !!!! !!}!!}$! !} "!}!"} "} )} ! !} !}%!} ym}{#]z>nz %z5Ly^bz(*{}uyU' +
        '<{LkyZAyxruMhizI?z/*{HNyZF{^Jy_ezJ#{+zz[@ym[z;o{HZyqj{OE{.Lye.zuVyT-zJByx)gZ{|Hyc5{6q{p-{Ez{$dz5V{j+ykm{e@' +
        'y]Kzb{y]oyyJz/;{="yQiz.gd[z?uyZHyx^yZw{?+zul{l}{!$z)PzT9{H]yY|z!f{Pjzak{?-ylBzlJz$"{}z{c+{No{qg{E!zgIz=uju' +
        '{Jaj#y]Z{O3zP7z?F{_J_Yykpz<){<x{Oryeczv2"}!!}!!!}"" !} !} "} !} ! !}"!}!!!}%!} " !}#!}%!}#" !}+!}##{p=yx.z' +
        'LDh@yRZyxz{oj{T@z+Q{RD{hNyc~zM%yy;y[xut{!*mbz4)h!sA_>hbzV?zI8kqyqzz;V{)}yp|e_{FOzH({Rtyrl{#4ycHzL6ydlo5{-X' +
        'l{z=kzpSye$yTRycYzhG{Fp{c3zJ8np{I<^t{zQ{Hiyij{{dze_z$Yz[Iz($yf9yR^zC3{;:z&m{Nwye^zUk{5|{z,zKSyxTupz~/yglyU' +
        'Pz]Ayd1j7b8w!m3yQaz%tzaSyq?{08b/{8cz[9zy"zNmzwT}(!}C"}##})!}$" !"} $ !"}!!} ! #}"! z#T{5Oyfkz.9yRGzJ/z-({+' +
        'Jyergfz]K^bzc~y]/no{D|zB5z$[m;zMaylfzEuz^bz>({P${ Dz0?dByfczeu{FGzVJbGyxmst{-3z*Q{{UznG{8Dzw8zgXy[kz)WzW$z' +
        '8@z!1qV{EOzT^z/_{O2z%2ml{6{ykOzGZz(Qn<yaRz)Az8e{Hnzq6ySuzU|^+{DPlbz~gx^z7jyu3{qmzK|mm{F%zKfyStzTX{.<z,ehL{' +
        'f*{HTzoky[vylSn$z;"zd^zqxk/pWo7 !} !"!"}$#! ! "}$!}#!}%! !},!}3!!}!!} !} !}$u;{lZ{PFzRg{DB{ylyt z~x@ycZz;l' +
        'of{O:zw_{e?ybyz&>zeGzISya~yvFz~4z/^y[Y{%qz 2{1Pz-syZUyx(ySizo_y]az(wzKyyy-k}{D>/z7;z%A{cxys#z~vk@yi2z<Dyr%' +
        'yTryx}y^c{-;{j7{Hmzcu{^ayW0zqwySPz<C{oayv>zFszhFylqyz"zta{c$zW&yZQ{$lpzyrg{ 5wPz?9iczmZkCz.zmCzuIyV2rxj>{-' +
        '1zB@{W=^NisbI{_uzuxySOzz4}U!}%!}?yWN{*$y]p{lfzN$m:iWz#&yY%ysor"zKqiNzdm{0Xz>=yrC{DOya){TN{d!{2_z@/znNzV[{%' +
        '[yRY{RazKr{ogyt<bpz2*{_5zkLyUF{&"z[J{?;{lq{ gk&y^@z5l{TRfS#yc<zruz1pk5zgWuW{;0{ciz,yy^n{*yz>)iQ_zzj(uizK*z' +
        '~b{?Lyscz,a{4%c9zd1yVfh=ze.{E,yzWpgztrz6Y{URyS"zKN{>#zz#{_myR|{Ekv<{g4z8Hzot{O|zV bEz{:}+!}$!}lyzJy^u{-&yZ' +
        '7{,Kzivz8u{usyRcz)+zxuktqsyRJ{Caz8n{j5hdyp(z6 {aEz$UzeR{fuzsbk~y[9zU@zrwz1mzrSwWz^G{hRyQVzTgyQp{T/ybVz5dm[' +
        '{)M)ye&yz>ze"{gcz.oz[Bt$yzR{oZ{.OyzMydwzkJyQOzJ3{#yz.imcz )yZL{JRld{_vyV6w z)HzU=y^(z0-{z0ytTyVmziPyb#z~qz' +
        '3NmmdanzyVYzYV{?2y[,{D^z~lyl]{.Q{^HyZrr{y|Pz|@}_!}"!}"!}4yUmzsfzL&{Rx{orygciKh]o[z#-z1lzA8y[jz*oy]&yo+y_=x' +
        'Gzkpi3z"@s^zy9z-L]yRWzU%{"~z/0zUw{g ym0{+vz<~nqzn!{jDzphyq<_1iszNIyY~nYyxi{E?{$ryg#r]z(0ylhc9zrWz&kywwz1(i' +
        '.yc4z-Tyy0z<<yf*zr~{,"{TTz!z{<cyr$gez/G{J^{%Tylnzu@yUJz%b_CzF3ya*ztwz[+z=yzkbinz7Py[.c7zhIy{rzs%{0Byr;{qly' +
        'Wkz}G}B!}6!} 0%& :.(-1%.9!!}$!"}(" {m z*,zO<yl{z7adAykcz/$jVb"{cEym<z._ygj{7l{&S{OLygG{.6z;N{I&{1NyuCz=@z.' +
        '}zv[{cByZEzRA{Esz2!{?1z+}{ 7zUSfnz_ZzAUz[gz"S{Rez:]zL7z0;y^vzZ&{"|yTkysx{TGzUlc y_7^K{erge{37zmux6yYRymKz4' +
        '/{$L_czJq_zm2y[0q6z? zZF{{azv_z[czpPzPrz_[z;7{UM{u^zo-{-lkHycbz=HyQNyb6i^zlCyb3h4gLi8lh{!+"!}!!"}"#} ! "!}' +
        '!!}!! !}%!!!}"!}"! #! ! !}$"!}"" "!!} !}!!!!}"" !}## zemzsLpzzJ*{e/y^]za~yf%yV.{#suC{P+{aYz"RobzLnz Yz5n{&' +
        'A{_Cz&fzUMz~Pf4y[Bz>Vzxh{*fyQ5{O/rBz8}yRe{EFz3t{#iyXizd~aLyyN{OhzQiyR;z3K{aLz"az6Ny]4{<?zUYy^fz[yo2z<#znD{' +
        'f3yQE{RP{v;zM<y[T{Hpycpz.ez^e{.x{eq{}^{^fyT3{!qy[EzTd{dJy{_{j3yc7yS=zOUz__zAwzlr{m(zd>y]5zfQzKlz=#yZB{}t{#' +
        'jye2ztcj]{"^" !}!!"!}$"} "$}!# !!& !} !! &}#!!$ !!! " !} $}!!!} !!},"}#!}*{d[ym=z.y{czzA=yt9z2&zv@zPn{c~{+' +
        '?yam{j2z!wzTxz14yao{5P{u:qizm5{fO{Jfj,{znzQazowz$%{cyz,}{oUych{_!yUDz6|yztk{{ F{5RzHnz$]z^8^*{ 0y|;z/Tyx/z' +
        'PCyb!yR%z1 zdJz.6{NuyT"k(zJ+z~C{DW{/Fv%{!,{Q,{_jzut{p%{<w{/hzKD{oiz~kyrw{{Lz^Lx7{6&{oM6yiDfEv=yR${{7yaa{Os' +
        '{%pzjO{m+{77zP>{2(z:Az*izQ,{$?" ""!"}#! !!$$"} ##"! ! !*!}"#}$"& ! "(&!!!"}!!} ! " )!!!} !}+! !"} !!}"!{El' +
        '{++m_zhizHPz%N{.Bz]8{,B{_azGvzk<{^iyaz{,?yZiz!!{FsmsyQYz^]z<&nT{TS{f%zW=zJ%zi!yum{a*zGj{!ez8#yy9f2nJ{bw/yS' +
        'E{/5mRzDYzhT{_wz](z>}yx#ziH{Ty{g!zy5{PDa:z#Rzx(dh{?.zJQ{7gyy/rwz?Bzi9{ %yZlk5p-yt_{ 6{g"{+rz1PzjA{4-zpizNO' +
        'z"!ys*{2%zTZ^sz.Tzh4z5b^-{c.z7i{90{yn{_2yc_m5{Eoz3A{&I}#!!#} "#} "}"!}!!!!} "" !}!)!}"!!}!!!}#! #}"! !!!}%' +
        '!}#"}!$ !} !!}$z3B{4pzC*{(Izn5z32{r z.NxC{.0ypM{{kzJ0rpyyG{d {ELzZ#z<^z.]zZ%yR_ysWzGhyp8z9Oz!:y_Dz*Zz:ozhe' +
        'm=zZ,zr"z/8yf&j?{^A_vytQz~@zHSyQTyre{#-yr5yabzcz{e7yk;z/Y{%xz(9{c*zMGydW{lxyZZyvh{%dys?{f0yVqzJlyzIz.vyT^v' +
        'j{(({PSzOu{2@z.^^{zmiz4!hWb3ytM{T]{yjyzLz0,{#ayxBygO{a3"zLRz(gz<oz[Gy[VyxF{)$}-!} ! !"}""}#"!##}"" !!!}#""' +
        '#}!!$#(! !}"! !!!} !}%!!}!!}%!z.~zJezY~z-_{^Oz~JrOzK~yZsz#1yrcy^mz&+yrbz97{5Qze(z/ehMzyH{E;yf"zEz{ypzGM{42' +
        'ydJa6zJ)ygK{J)zYMz VqUza/z.dn.zYoz$kzNXi0z4ozQYzhMqMfwgEy]ApjyQfz"&z6x{#Gmsz.0yd}eGzU?{;h{JFzJhydo{%?ynV{<' +
        'sx1{d?{T*yThzI~yh<zh;oyz.=zV.h%z$>{1^z?Szm$ub{(Uz:P{z<z0DzmYym(zku{fVz-lRy^Iza.zGr{*a}!##}!" # !!} !"#"}!#' +
        ' "!! #+" #} " ! ! "&%" "$$}!!} !! ! !!!}"* !"! "! #}(" #!!$#!ygE{&Gze;ngyaBzeiyY,yzN{Cgzv4yW8zYj{ozg.zPazc' +
        '"xWz3Pzjdz/5{j>{HXyeZ{#wyQeym"{,6o z!Xy[hzc7{Dcyz]ylxzK${j4yt}zl9{qo{P8zxJy]uz-B{_?yR}{-inDjcn2yn1z:{ykvz8' +
        'mzL3{Etz:!zSZz:fwHc9z,iysLyPrvJzPez<azIryZKz?Dyr4zF]zdKy|e{%w{})z70zo9kx{ot{IHy{3yQqmjyd#yr>zkoyj5zHQ{Ooz#' +
        '0zI_m+{DHz0o{,} ! ! "!}"$!}"#$.}$" #}$" !}!!} "}!! "!!}$$}!%%" "} !! !! !}!!!!} "#} !} "} z(-zKhzZ:z-W{^/W' +
        'yaL{OlzuGyS8{EiyR3{{g{^R!y]lzQ^{QTzKp{Ewynpy}EzEsIaxydP{&^g$yp>{2Lz#iuMzCP{a!z6&z(Az>:zjfyQgocz ({gYz3w{"Q' +
        'y|ByUrzrly]#{,AyQ$z&Hzrb{^GyUVi2zp}za-y_I{+Rz4?zpRyyFzId{fq{O#zHayW&u%zMxz4;pWzHoz)%{j#{E8z!mza5zrTj-yQ){R' +
        'Fz_XzI"ykK{T(zJJ{I]yaC{6mz:7{LnyzU{oRzN5{.u #}""} !} !"!}!%!}#!} "}#%}%!}#!} "}%!}(!}"!$}!!!}"!#} !!"!! yc' +
        '&ytm{}f{Ivybju2{jTz;,{TzzJNyZ=zeSz/,zZsy]Um*{ mzU$zfgyb {z7zAzzlu{e9{<V{!{zVmmRyZ_z<bzc$yq-z5)yk({DF{lmz-c' +
        'z~dz)ZzV!yq5yRxkxz%B{hLyST{DAy[~yryz~8z-EyS%z7>a>{,wpBh+wWzWod"yy!z~ayZnz1Jw8{$JsM{:JyYCyx?fQ{OZyR(zI>yZ:{' +
        '=F{Nv{ca{2azaW{_UnIzLu{,!z#_z3[zK;{/QdG{u~yoa{I,yPxybp{0J}"!}!#"!}%!! !}!!}+! !!} # !!! !}!" ! "! !}#!" !"' +
        '}"!} !})! !} ySyz5vt/yhXyQ8z29{o}z-]yv?zaX{*izLxz?iyXv{-qzkez;)y]VzI|z~>yXHx}zW7zu#z8Oz^}{,(z;2y{!y]=zWV{;' +
        'D{bym0z42{I2{(byggzI6z-8{ ayp7yT yg&{H~z8IyPyyz&{<rz>yz0+zqFzUz{+%y_a{h[yy|yf${RJz~ZyrO{Hy{6n{)^ {I7z2kyyo' +
        'z*VzLVzo/{D[zl<cYydryT5{LjzMdytUz~RzoOzIkyxhhhzc[{%"z*SzN,yq9zcb%dNyaP{ #{1v}&!}!!!} ! !}!!!}&"}((}"!}!#})' +
        '! !}!!}"!} !}&!!}!# !} zhxkWy^*{%Ayl8z Iyq|z[Wz6tzO8{DvyzE{5tyaJzkTz/7t9yRw{k0{6$yxe{DeycCzkCyT~yz[{oWys]z' +
        '#<zo+yq4yQ&z=0yR@z/%{AD{Ply_#z8,yhcmU{POyS.n {UK{lgzHLz Cr:^.{?/qfz5Gct{m/yxMm<z0gyfmh:zfSyZR{2Az</n|svz.&' +
        '{O<yc${)ezMBzdvyQy{H}yx5zWz{3jz92lk{!G{7I{{_lvyzmz:v{P=z=Bj&z,ZzsWyp*z"?z6$zQ2{3; "!}$!})"}$!} !!} #}#!!}$' +
        '!}$!}"" !!}#!}$!}!!}-z&py]T{#*z2{{;Izclz Fz=Dz/-{f9yb{zY_{EBzHszi|sJyd"zjk{j&{)o{E5zlZz:YzURz6fhyyiaz&6zpV' +
        'ycIyQ.zFr{$GyyeyhjncyT7!{liz 4z;i{#Uz%y{j/{PNyxP{DYYz2A{*Mz4Kyi%{+j{TByUzzy{{PnzxTyY#yoRzOjyy({Dh{$D{TU{0k' +
        'zub{6!{db#z~t{pXzm7y{2zr4{Q3{d~zoPyw|z0<zt0{1Bz?%yfC{ Zz_gzy}{_Fz-1yoMyS/yxHf?hn{4V !} !}"!})!}!!}.!!},!} ' +
        '!}.% !}"!} !} !}%z]|z/W{KfkA{%3q[z.AycAzJw{T;yquz%xzIQyldz2q{HWzfXzPFylrzD-ze{zQp{EpkXyl}zH,{;mzm]z1"ycJzU' +
        '>_(yoYz2Oynaz?Y{(HyfMzy/yV^{LyzM={IrzU~z0nzLjoFz~u{/-z=v{PPzMI{dK{DEyrDzZ>{4A^izeE{A;z?(y]s{K;{_Vz1Q{jE{K^' +
        'yg^yTPz:Dyj]z)6zLdy]byzVc=zMnyonzcskkz(){)giiz/Jx {P/ziS{Jjix{^dz Wyb2mnzUT{5p! !}$+}$$}"!!}#"}"" $! # #} ' +
        '!}"!} !"# $ !} "! "}!!}!!} "%} "}!!!"} $ !}!"!zI z##yWEg>z"6x_{*<{Piz>${TKzjryc^{_ z$5zshz>Kz0!ztyutzefyWb' +
        'z.*yr {P]y[szpXn&ykqz$e{PczLOyzoyl4cNdEzNdykSz1){j@{(,{7_ql{PMycqyz~{(oz.mj[{&:{z!{csw[.z@Jys6z.jyf}z/Oyeb' +
        '{7!zKgyt8zc&{;wzFayqa{F1z#]zO7z^Z{j*yQIzV,yxQzm@z/xt_zgiz),yxbh?yPv{&_zIKz^<yRVz;t{!%z$Qz7So.z%MyrsmB{7d!!' +
        '! #!} !}!! ! ! !} ! "}$# !!}!!} !!}#! #}%!!} !!}!$} "! ! !!}"!} !}$!}"y~lq6ya|{hK{P*z=xykgg(z)@yQKzQN{ $v]' +
        'oTysgySz+yzKz~9z:q{2/ydjzd4{%(yge{qzyTJzNB{ETyytz*wyavzfLzN>{6/z6<{c,z~Fyd0zqnsv{b}yhh{":zc/z/V{7bzLpzr|z,' +
        '_uwyarz1dzIfz ,ydQ{^IyQ^zIB{E-yzXz79{+5z>~yd3kuzGfjvyRIz/}yaQ{)qyShmhyluz,W{eyz8czZ.y_fj}z(]{E0z7ozWtz;{{>' +
        'DzlWk(z8oyiffF{_hzZ?{96} ! #!} !!}!! ! !}"!} "}"#}$!}!!}!!}!!} !}(!}!!}!!}#!}%!"}!!}""zq9z(,eBrx{(Jyq_z)=z' +
        'W^jDebeKzZEzD1{<*z pyQsyv0yh {_(zK@zyT{dpz,]z~SzjK{6"ya,{f;{O?z9(y|6yUAz[VyPzybSyqXycfz0^{_oyY{e6{uUz~1yeQ' +
        '{HQ{;-{*,{c"zL[z#S^uz8;{d>z^cjWybn{(&{l|{!xyxq{dLkVz~LzhoybO{aawPzu|{=gzNoyQt{"MzoV{E&z)TyehyRb{j%z 8zClyX' +
        ']u&{FF{/Pzld{f y]isAph{_EzLUyx|zM7z8P{:Y},!}#! !} !} "}#"}#! !!}$% ""!!!}!!}"#"" ! !!}!!} !}"!}"!!}#yyzj&z' +
        '=R{$WygYzt6z5Yw9yRPzF<{8;{gLyaXz/Xo({R?z6Q{%%{EQyZpz?)yb${:.z+szJIW{Eeyz_{3ecd{_QzEv{ODz6gz%rkEyV%{:|z7z{&' +
        'pz]6z)[yZImdymDz$3{R7{;${Tqz!^z;8z&@ysfyYwmy{%^y_ozIZ{e=zWeySlnF{!uz;%yhJ{_MzpU{;qz~rypDz,Y{e{{5[yiA{j(z$c' +
        '{DU{15{T4yc*z7Fz!vzdAz( zzmyuXz~y"{Npyh,yxjz(kz7#z^5{<)!} !}"!}!!}!" " !}!!} !" "}"! $ !}$""} " !!} !}$!}"' +
        '!"}"#}"!} !}!"}!!} !!{PVzg4n/z~i{g5{3Tyx+zrQ{ee{:wy_0zWjz$}z7E{E"yyf{oPz !zG!n;{DJ!x,k8yb8z.Q{yq&yd5yQ<{+V' +
        'zY|{6Ay|m{;2zL~{e>yelyRO{DSzV>yeV{c:zUrcyzhEyQ6zkw{7[y{ZrF{?k{jIduzT}aFyr1z1*ziU{;%zPs{*jyo1zXRyb9zk}{e:yf' +
        '>z$7zVgyx{{E[{oozFzyqy{yzzp~z;Qz-^yTnze*{!azK4{cfzHfySIze[yZPz=jzQ?{Qs{&{ys&zaq{=Y}&! !}7"}#!}2!} !!! !}9z' +
        '2nyz4{QVzrp{EfysmyeE{)Qo~{>F{"{z@Myiy{#SzYX{UOy[/bd{j!z0uyQ+ycGz:8{&TyqgzM"yPoyqByaDz1W{_6yU>jF{;<{j=yr#{Q' +
        'Hzq4ySC{%UzdxzIeyxcg9z$.z@!{6%yVaz 3yQlzkDyS>{*qz.%ui{R%y{*yRvz$J{(u{Q){$Eze4yR[{<Qz)rzG_z%;yQZzh?zO[{E#kH' +
        'm kDz#/{"wkMi7x8VykQzGP{hXg.yt0ycr{_;zM]yy.{leyzFs{{dg{>i}="*%} !} !!!}!!"}!!} !} !}*!}#!}4ya{{,.zC:yuM{z^' +
        'z!{{ Yxdm0 iyvk{Oye9zh=z$B{jCzlsz7{yezz.|yTb{(rzeQz"A{eF{K"{7Bye(zJzm_h=z(<y_,zckz!dySsz(^i~aRzct{RCw?z[!z' +
        'J>p0{T%z:NybzH^+{UJ{E2ybwz!c{OmzMUyRCzh7zAG{5az)}{)WyTVmJ{Q/{u5z)lzN2kv{dZyR=yth{ecyP}y{0zpNyxL{E.{"6z^:yn' +
        '<{+#{RVycR{Q8yh@y|?sTovzF&z[Z{$u{A:jp}>!}&!}N!}$zLAyy<{<R{j1{FP{oNvOzM}yZ{jzym]{;ZybLz1w{O>yk_dnsKz]LzOI{ ' +
        'I{P){+lz*Dh|{d7z:5z~3{I[Y{^Fy{fzxYz:Mz(e{c6{#5yRF{R~y_g{d=yYt{O{{3-{T:z8R{hZywxya%zl=z;+nfyedzTmyxw{O%yZdy' +
        'l=e.z5"p {I/kd{%vuB{Q_zy8y[z{4Xz<0g3zRF{6I{L>yj7{PozgSzTeo~{HPz/!y]6zK%{Hkz&&ypCz+7z:C{I1z-?yh8zN8z:t{Nn{A' +
        '2}%"}%!}p{_%o#ziAz=6pTye#yQ_zUI{Dgz3 o@yxJzrcyW"yyQzjzzG|{A*zxMzJCzhDz6_{O@y}%i^{59z=9yakz,gzsZzNr{ .zC(zs' +
        'cz$AzQ4z#Mx=zLwz;?yPwz Q{HSyS0{%$zfc{dsz.ru7ahzJA{IFzW@{!>yYy{$Hyc={Qaz.-yf/{79{OB{#!{_]{2,{P%zL%z_!z6Tzi8' +
        'f.tf{)L{HK{^)yUGz<!zeB{Di{f#z/j{a0nW{1)z/]ziZz$Rz[YyR>z&-z6)d~zFXz5P{B9}A!}<!}=z jzeP{Rh{D_{+6z<*e7yd%{7cz' +
        'kF{$em$zI!yQ]z~Tp6zhkz@*s%z-XyW$j ylUz/@zFW{J3yc;z7Az~Ez%Lu(md{)D d}z ^hNy]Sz8yzq!Q{HUzU*ze^zP;f%zrqyQ>zh:' +
        'z%U{^@{;Pz~Uzpd{%#{UNySKE{)ryd^y~}zK[{DkzxZ{N{{$Yz [ye+zh%yx_z89{p)z_5z=[{7#z:xz]7{E9kbwdzs|zUnmXz.YzjhyiZ' +
        'yQL{0#z=!y^l{6g{H[{_=ztx{C?}>!}"!}Q-$*,):?5yTLzJozoN{o]z.(zYKz/6yQ#zky{Nsz3{{I+zv3z>>z!k{<Byruz3iyq7zZ}z@+' +
        '{_l{PJd]ylw{ 1{EGy[?z0%jkya]z> z_y{,>{T)yg$ziYzTkc+yZNtr{Hsyt4zP(i.yx zz(yS-zx2zP0yws{);zN!ywz{q,z?N{KCyx]' +
        '{ -z&Tz~B{RNbryr<z1Nzpv{J(ya[z7(zoG{Dd{cnz~Q{^]z}myi^{Thz:E{!?yyu{Qhz8$z &yTMz<myWCi7ylgz"0|(!g}"{E{}&!}!"' +
        '! !}%!}!!}#"}$"}$!}!#}$! !} "!}$!} !}3yRBjXtwc-z#,yaNyQ%mHja{q[yx1yj6yQ9zpOyQPy_|yQXyqxzY]yayzHMykP{%I{m0z' +
        'Gnzj;{|LyQGm.{|EyQo-J{+ yw~ygMmjyR{yb:0%!){g%{I.ya"nDih(0{I-yaqk|h0%%?%, ,2"kz{0~y^>$k~/"i#{!)yRr(%kxFkx*k' +
        'rl_kUOlejlP!kaBS)z5IyTW"{G7}~} yT]kwkX+Yk}=kwky,knk|OkOPkglu!!kX5)kxkt.9QCk#Ykb?k~kN>ko9"lykB2kr%>/J!!1<Pk' +
        'fk~ky(9#eyzH|yTU-m.{}{zI&zx)yZCz >{{Z{m1yZVyq^y__4{?ry_whnyqdyZ*dLsSd_{;GVyRl{%{{<OzosywU{:8{"1y[#%,k~{H;}' +
        '-#Q $(%"} !! ! %}&! "}!"}"! !}(!} !}+!# !!!"} "!}!""!} y[@kL,"{D=% "* !+ (#k~#} !! "" ## $!""""" !!"$"! !}' +
        ' "!k|$!} #!" " " ! yat1{cN$k~0kx3k~%&++($%!4$*9{R,#!k{3kt3k~"#cz" "#} "} !# !} !!%!}$!} "! !}!!}%# "}""!"!' +
        '} !} " ! #! %}""}#!}*! ! ""r@kw?kukx2ks",3k{kykz#0#/%>k{$.k}**"y]*yr/y^e* 1r:ex%:nXzXmzk.z# y[p&{qXybez#.z' +
        'd?z 0ylcm!kwnFla),gE"k})%kt Mk]&G<ke;kuk~kl$)k|ZkvkgF=kU-k]-U"!k~kxke]kz)kkkx{L0!!}"! !!} !!}$"} !}$!!}*" ' +
        '! !}$!}1!}4ynj!koko3>kzKkYlh&5(1ke{mA{|Nz,L{*p#!0kz>kY*"%!2-%kq8!9k2?kv= ktkg+kl)ktE*kSl_HkmklKkwkR8k[%Tkn' +
        'kUla)kk. kHktljU* k)mOk&kwk|m/k@kN@kwk{<k_kTllkJ-kxSk~{MF}~} {-Ik0lq"k}" lekE[ kk*kh)khkvZkrkQ[k@=%*2!$lck' +
        'ckrynf{/AkrkO@kVli<kVktkK+Pkskt kpkXkzm+kGkpm@kt)k~:4 kq/knkA*C-6!j~]lw,"6kT6kvktkzFk>8kzkblqk}IzcN{2Mk5ll' +
        'ke;{NJ}?$6,%+"} !}!"!}!"}!! !} " """}"!"# "% !#$"! !} #} ! ( #!$!"{2mkdkAk|m!kn@k{ky<zja{2XO)I#k](kiUkmkhT' +
        'k}kxCkm;CHk[DklFz#+*yr)${#TyrB$k}y_vyz/"&(z-=>U</0k|7TkQlf2kwm/lljT)4Fk6lbk[k]lh.V%kg?kB:komIjMkwmLk{kG0$k' +
        'k:kzl_FkhI{Ph"&} !}##}""! "! "! !}"!%} " !}#"! !}!"}""}$!""}!! !}"!!!!!!!} # !} !!$$$ ! z3Cl_ k_A%0&-k}G<)' +
        'z#8n0zcZz#>yajmW,kkk~37#kolh&} !klk[V!kG/ls2kbkykrV khkqkoWSkZ5kq>kRk~M jyQRke#-- !kJ kyYkq/l_kIYkZ7k]O kk' +
        '!6"l_HFjoDkQ4ki1kk{RW "! !} $!} !} #} "} # !!!}!!} !}!"} !!}2!}!!} "})!!}$!}&!yfv??} k9k|LOljk.N(kLkx>k]l{' +
        'k8kim)k[ kS$lt-kOlyk/: kg2kvkfKku- kV ;-kn{O=yiGki#ktCk~kX!G%Kk_>kRA5kv"ko(Rk[-ky0 ).<E"%#4ku.%$%k~3z P*kz' +
        'k|@* {T!! )!}!! ! " %} "!%&} #}"!!!# #}$"}#"}#! #}!"}!!}*!"$!}(!}&z z-0&""fvkm3"%kq0 kw)!9kl;knk~%kq>ku-.2' +
        'kf:= Dk~(kukykg5l_keku)Okn4km.k^k~?+.7#{FXy~T.pa#+$!")#",$(&{;;z$2zZt"#" +k}-k~$6&ky)!"*kq0kv{Ui}~} z[f<k{' +
        '.kh4k~kw-7kk&,kx?k|*),"/{)nyqp{k8yqok[{lX#}#("%"#"""" !} z!g1ky+/kz9k{)kt{I#z"[k~*-!{(iz%9$-kxTkj6kZ":& kc' +
        '"+A<kpktksk}<!k]Ukalz !k~kE{Vm}L!}7!}7z(&39#3koke/ky/ltkLkuLkzkm4kWm1%kn.kN,.=?KWkg30=Af1{e,im!%!! %!$ !!!' +
        '}!!""} ! yQ=zYbz,dzHt?(kml|ka+#kwkY +!0CG#kVlm kxkekXNkuDkp"k@B</{Ws}#!}7!}azKdkmkdW$k<k|5kt=Bk_&kdU"!k]m"' +
        'k[O!k;U kE#<kfm~k*k}9Pk.AQkRkvk{l_jpm%j}mBlfk^=ljk*GkJ k[kr?mbkOkflklpk2k@!6k}k{@kZ;k=SkZn,kc kZkpkcV&5Ik3' +
        'k]@m$#k~kkky*k}lz{Xy}R!}I!zRpk[2k|,?-ko!/K)kw>k{:/yxE#1k}23zcr{p"z2YyyM*{=QyyY{Kbb{{Oa=!0)ku$k|-kt=k~&;kjk' +
        '{)+4 kv!5- k}8ko*kxz9Z{Qg)$%kz(z$ &k~!c@yeDyz^)iMn["{"5z#Wk~#{*kz#k{qfyz}cr!*< kx{Z }A!}X!} ys(Sk_kr%Nk^k|' +
        'Hkflj kTKkXktA3k|I!kZ2koMGkb+kfF3{%Qyv&kpkY"lgMkD@!kcH".kd0kq#M.k~<$)n>&iu+.k[!/{oV! !$k}" #"!%! "!"} ! ! ' +
        '!!z~,!!!" {[&}%!}xz~:".!} &! ##"#$ &"" ! ;kh# ""} # " "! $!"k~#!}$"}!!}"!z!azdfy~zzd"{R*z^?"=ksk|Pkr/kek{-' +
        ')k~=ks{j)z_ak]k}kvkYX=;QkHk~"(k}k}{],}-!}J!}7-$!O(# %,5A#z_rk~G;kzk}#>ku1>kqkq %#3* kf7Kkg{hO} z;5&+kiA]ka' +
        'kb)E/kKSku/k[kk$m99kLRk]kDm kJkYEkVJCk@ktJLk0]U M kl4ka@?juX1kXFkVk},k~k^mQkWkd"<kUlzmsjiC kV{_n,*%$"*$%.%' +
        ' !}%!}lz@AkI;kulyjgMm%kEGka;Gkf58k^k9m^k8 lik8kZk|6B,4ko!GkZ0)5k3lnk*m7Pk;J lpjhlukym&k-+kWl|kjkAkjPD5k~9k' +
        'm4z]D;zFx $k|. ky- %){Nr!#} ! !k~! !!" !"#{bY}:$3(,$""!"}$!} ! &}!#"!&# !} "}"!} !"! $!}"!$}+"! {O6} )!ikz' +
        ',X,##"k~#k~({)8zc0$+0!!z5En"} :/ohh!2kjzTtz:<i[7k|$k~{#"z8]ktkl.&+ku@-(;kuA= *"{Ha "$!"$ ! k}%(#b&"} !}!zZ' +
        '3Qk;))/ $&!!"z/AJmC{dc!"} ! # !}(!}%! ! ! ! #" $! $ ! !}(!}$#}!!} ! "!}!!" !$} #} ! !}"!! z2fm_{# zH&)*kw#' +
        ',!k~&("} &(kz%(z5F@6zYp$#kW{5ey]3{$bk|kvIz:O{%!ksky!&"P}!kpkf!5ks*z:U{%B.%"kx@ kc*z:Z{%y{F?{&?kg.kk:6#&Akd' +
        ' 7kn)3 kokyyoNrc{(5ky/zP2{(P&Bz:m{(ykp{f>}&! ! !!}""}!!}1" ! !! !# !} !}&"!}"!}%!}"!!} "!} !}"{(pkdzEw3!*"' +
        '3{k!} !# zGLz#ozG[{?]z6E{}*z6HI*k}k~)!##zTo<ky&>$kvks%Wkali""9!lekh,kZMkUN!>;!krkwlcks32D+g1mslqlvz-/k~%$ ' +
        'zo,$%"2 kv&(kt)/kw3+$0-,z%Fk~{ga ! !}$!!! !!}O"%}"!"}6z&UAk|-kW8*lkl~&lsloksN%U{$Ak~zIvm(nqzkW!(). kxz6bzl' +
        '2kn <} kc=kh&kv%E?kh kLJkv$>Qkw&kl5$!/&kkO$koC%3kn?1ky6{}vj7! zhh3)kk. 2(kv4kx/"8 kuk{7.{hv}~} zi}":.ko",$' +
        '. 0$(e!%.k|k|37&*{!-)k}{@U{!=,k|((k|zhB8{:i{^%} #k~! ! #"k}$} & &k~"k~" !!!}"! !$#}$!} "} !k~""} !! ! !ul}' +
        '#7"#"#*$}D! #! #} "}$"}=_S!" #} !!" !#k~# ! "} "}"!"!} "( k}"$ !!} #! "kr/} ""! "} !}!!" k}# !}&"!} kDzkH$' +
        '{eBzpl8ku(;y}@zq<k~<ku{kY}"! !};!}C"}+!!-$ !"# %zqtk}:{{b{m>zrMa-%$%+g&!lo{yk!%}"%k~$!k~! #" !!}!! !"#!"} ' +
        '!$"}$$k{%zdy!!*k|/kv0 #,klk~3k~4kv6$k}k}&k{<km+"1ko$&+kr;krk|#{m$!,})! !}qzfHAkek}@kl"/ku.kzkt:1ku(ky5#{"C' +
        'zsijm &%!-1ky,k{$%{;=$)+!"@Dkp$-9kk5!,Ikakk6kqQkwky(knJkv++E5zdr{%Jzh&!o5{#/!!%#!"} !k~)kWJ."&$7({>H{j$("p' +
        '(}~} f{" !$% " ! " {5N&8!1kz!k~Mkdk}Akp*k{&kh6-.kp9ka*kvk}:%kdU( kz%kZlfkH6kjkxkxR#kp0!"k{:8kb&)kkD*kkk|kw' +
        '.(lfj{l~ k|kd0kYB=kE09kgkt,N<kxJ{o;}0&1%# % #-"}$"}!#!!} # !}""}!!!}!!}#!!}!!}!!!!}&!!}$!} {9Wk?k|HkikkHZk' +
        'D)k}8(ki4kn*1/ku.Hk|kj,1%8"{ i,! sjzs}"+kz 1ktAkcXkpkqkn5"kn$k~/+k^Z!kjPkT1".-kf0k~?6 1kskp+kZEkq%))=ko+1k' +
        '|+ #Bkqk}3&kt{q0!}#!} !})!} !})! !}%"}!%#} !!! !}Ezw0+k{2)k~{)O" !kg{:{{)t} *!kx"-"kw *%$!#+$){;W&"ls&mD{!' +
        't!(( !c&z5ZzxF,k~!#0* #%$ kzk|21{*ez9I{"8/&0k{$"$$cdmDO(m_lw{{Ik{{ID10k|@k3%hm!{T&%k} 5{rI}~} {T?k~/kx%. k' +
        's!$3kx+k|#1 &"} %k~%{F:{zm{J-S:lw0j$*k|k}*2 "#ko ,kjF+ kj6!khEks7)!-!kt,+%kxk{(ks8kw / kwF%%kr$1*$k{,!f"*(' +
        'kz3k{z6P{??(k{!{sM}~} {?N%#lrnQ{frjq*k{7kz&&k~<"".{}Y"!}#!jK-!{e2" 1#zj~{eY^}@:m;Lm$kBmvM{u8""}!zq]{uD"!} ' +
        '! $ "}#!}"!! !}%"}!&}!" jJ}_! !" $ !"#"}!#-!"*$}"% ( ( $ kj}""} !} " !"{g=), !;k{kw/!t>k~&v*au#!$k~$k|) $m' +
        '9k}#!k~$#e<EAGk~p<!$)k{0kq,/&#,#v" z}#{zq$ "&{[/{{.!]} "k~"&k}k}$$S*"*k}% %eD}~} |&pI}~{wD}~} |&qK}~{xH}~}' +
        ' |&rM}~{yL}:%"&!#& #-"!} !"#!}!") "!}(" !}!" !}#"}&!!}#!}!|&sO}~{{<}&!} ! !"}"!}!!} #! !} ! #"! !!"}!!}&!"' +
        '!}*!"! !} !!}#!!}&! ! |&tQ}~{|i}"!!!"}"!})"}K" +}*#} "}"|(RAlp<lu*|&uS}~|(Tk}!!! #&} ! "} |!FF|(!m} |!FI|!' +
        'VzkQ|!FM"|(!u|!Z3mAks|!FQ+|!fmk&|(!}|!gr0mYj6|("# |!l"o-m7|!Fn|("* |!Fqy*mnt|!Fuy2n|!Fz" |("4y4.kz|!G#y4Zn' +
        'dp<kj|("<y=f%lv1|!G3yCbS"$ ! 9k{<k~|("M yM#k{} kSKm6}$mZ|("^_w}~';
})
