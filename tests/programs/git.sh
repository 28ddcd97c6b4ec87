# SPDX-License-Identifier: MIT
# A repository's life: commits, a merge, gc, fsck, clone.
export HOME=/root
git config --global user.email a@b
git config --global user.name n
git config --global init.defaultBranch main
git init -q r
cd r
seq 100 > f
git add f
git commit -qm one
git checkout -qb b
echo x >> f
git commit -qam two
git checkout -q main
sed -i 1d f
git commit -qam three
git merge -q -m merge b > /dev/null
echo commits $(git log --oneline | wc -l)
git gc -q
git fsck 2> /dev/null && echo fsck ok
cd ..
git clone -q r r2
cd r2
echo cloned $(git log --format=%s -1)
echo grep $(git grep -c 5 | cut -d: -f2)
